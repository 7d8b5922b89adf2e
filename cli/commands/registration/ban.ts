/** `pushmesh registration ban` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, durationSeconds, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText } from "../../terminal-text.ts";

interface BanOptions extends KeyOptions {
  /** Seconds. */
  readonly for: number;
}

export function registrationBan(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("ban"))
    .description("end the app's registration on a device, and keep the device from registering")
    .argument("<regId>", "any regId that the device has or had")
    .requiredOption(
      "--for <duration>",
      "how long: 30m, 12h, 7d, at most 365d; a later ban replaces it",
      durationSeconds,
    )
    .action(async (regId: string, options: BanOptions) => {
      const context = contextOf(options, env);
      const { registrations } = serverOf(context, options, env);
      const answer = await registrations.ban(regId, options.for);
      const text = `banned until ${dateText(answer.bannedUntil)}  ${regId}`;
      context.output.result(answer, text);
    });
  return withExamples(command, "pushmesh registration ban <regId> --for 7d");
}
