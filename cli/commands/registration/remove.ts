/** `pushmesh registration remove` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText } from "../../terminal-text.ts";

export function registrationRemove(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("remove"))
    .description("end a registration with its tags, aliases and waiting messages")
    .argument("<regId>")
    .action(async (regId: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).registrations.remove(regId);
      const done = answer.removed ? "removed" : "had ended before";
      const ban =
        answer.bannedUntil === null ? "" : `  banned until ${dateText(answer.bannedUntil)}`;
      context.output.result(answer, `${done}  ${regId}${ban}`);
    });
  return withExamples(command, "pushmesh registration remove <regId>");
}
