/** `pushmesh recall` */
import { Command } from "commander";
import { LIMITS } from "../../schema/limits.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { asServer, wholeNumber, withExamples } from "../options.ts";
import { serverOf } from "../server.ts";

const MAX_WAIT_SECONDS = LIMITS.ACK_WAIT_MAX_MS / 1_000;

/** What happened to a message that the app had. */
const DISPLAYS = {
  removed: "taken off the display",
  unknown: "no longer known to the device",
  pending: "the device will be told on its next link",
} as const;

interface RecallCommandOptions extends KeyOptions {
  readonly wait?: number;
}

export function recall(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("recall"))
    .description("recall a message: it is never shown, or taken off the display")
    .argument("<id>", "as pushmesh send printed it")
    .option(
      "--wait <seconds>",
      `how long to wait for the device, 0 to ${MAX_WAIT_SECONDS} (default: 5)`,
      wholeNumber(0, MAX_WAIT_SECONDS),
    )
    .action(async (id: string, options: RecallCommandOptions) => {
      const context = contextOf(options, env);
      const { wait } = options;
      const answer = await serverOf(context, options, env).recall(id, {
        ...(wait !== undefined && { wait }),
      });
      const { status, display, deliveredAt, broadcast, recall: told } = answer;
      const words = [
        status,
        ...(display === undefined ? [] : [DISPLAYS[display]]),
        ...(broadcast === undefined ? [] : [`${broadcast.delivered} had it`]),
        ...(told === undefined
          ? []
          : [`${told.acknowledged} took it off the display or never had it`]),
        ...(told === undefined || told.status === "sent" ? [] : ["others are being told"]),
        ...(deliveredAt === undefined ? [] : [`delivered ${new Date(deliveredAt).toISOString()}`]),
      ];
      context.output.result(answer, words.join("  "));
    });
  return withExamples(command, "pushmesh recall <id>");
}
