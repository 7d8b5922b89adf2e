/** `pushmesh registration list` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, wholeNumber, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";

interface ListOptions extends KeyOptions {
  readonly limit: number;
}

/** Registrations that are printed unless more are asked for. */
const LIMIT = 100;

export function registrationList(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("list"))
    .description("list the regIds of the app's registrations")
    .option("--limit <n>", "how many to print", wholeNumber(1), LIMIT)
    .action(async (options: ListOptions) => {
      const context = contextOf(options, env);
      const { registrations } = serverOf(context, options, env);
      let printed = 0;
      let unlisted = 0;
      let cursor: string | undefined;
      do {
        const page = await registrations.page(cursor);
        for (const { regId } of page.registrations) {
          if (printed++ === options.limit) {
            context.output.note("There are more: see --limit.");
            return;
          }
          context.output.result({ regId }, regId);
        }
        unlisted += page.unlisted;
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      if (unlisted > 0)
        context.output.note(
          `${unlisted} more cannot be named before their devices connect: an older version stored them.`,
        );
    });
  return withExamples(
    command,
    "pushmesh registration list",
    "pushmesh registration list --limit 1000000 --json",
  );
}
