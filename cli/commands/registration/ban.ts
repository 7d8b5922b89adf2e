/** `pushmesh registration ban` */
import { Command, InvalidArgumentError } from "commander";
import { LIMITS } from "../../../schema/limits.ts";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, durationSeconds, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText } from "../../terminal-text.ts";

const DAY_SECONDS = 86_400;

function banSeconds(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds <= LIMITS.BAN_MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`A ban lasts at most ${LIMITS.BAN_MAX_SECONDS / DAY_SECONDS}d.`);
}

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
      banSeconds,
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
