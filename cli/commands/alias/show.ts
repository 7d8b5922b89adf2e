/** `pushmesh alias show` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";

export function aliasShow(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("show"))
    .description("show the holders of an alias")
    .argument("<alias>")
    .action(async (alias: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).aliases.get(alias);
      const kind = answer.shared ? "shared" : "alone ";
      context.output.result(answer, answer.regIds.map((regId) => `${kind}  ${regId}`).join("\n"));
    });
  return withExamples(command, "pushmesh alias show user-4711");
}
