/** `pushmesh registration unban` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";

export function registrationUnban(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("unban"))
    .description("let a banned device register again")
    .argument("<regId>", "any regId that the device had")
    .action(async (regId: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).registrations.liftBan(regId);
      const text = answer.lifted ? "ban lifted" : "was not banned";
      context.output.result(answer, `${text}  ${regId}`);
    });
  return withExamples(command, "pushmesh registration unban <regId>");
}
