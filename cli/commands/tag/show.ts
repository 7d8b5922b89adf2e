/** `pushmesh tag show` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText, tagText } from "../../terminal-text.ts";

export function tagShow(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("show"))
    .description("show a tag: number of members and listeners, and who may listen")
    .argument("<tag>")
    .action(async (tag: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).tags.get(tag);
      const { members, listeners, nodes, depth, live, lastBroadcastAt } = answer;
      const lines = [
        `tag        ${tagText(answer.tag)}`,
        `members    ${members}`,
        `nodes      ${nodes}, depth ${depth}`,
        `broadcast  ${dateText(lastBroadcastAt)}`,
        `live       ${live}, ${listeners} listening`,
      ];
      context.output.result(answer, lines.join("\n"));
    });
  return withExamples(command, "pushmesh tag show news");
}
