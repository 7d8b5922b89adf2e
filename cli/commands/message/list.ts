/** `pushmesh message list` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, wholeNumber, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText } from "../../terminal-text.ts";

interface ListOptions extends KeyOptions {
  readonly label: string;
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
}

/** Messages that are printed unless more are asked for. */
const LIMIT = 100;

export function messageList(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("list"))
    .description("list the messages of the last 30 days that were sent with a label, newest first")
    .requiredOption("--label <label>", "as they were sent with")
    .option(
      "--after <ms>",
      "accepted at this time or later, milliseconds since 1970",
      wholeNumber(0),
    )
    .option("--before <ms>", "accepted before this time", wholeNumber(0))
    .option("--limit <n>", "how many to print", wholeNumber(1), LIMIT)
    .action(async (options: ListOptions) => {
      const context = contextOf(options, env);
      const { messages } = serverOf(context, options, env);
      const { label, after, before } = options;
      const query = {
        label,
        ...(after === undefined ? {} : { after }),
        ...(before === undefined ? {} : { before }),
      };
      let printed = 0;
      for await (const message of messages.list(query)) {
        if (printed++ === options.limit) {
          context.output.note("There are more: see --limit.");
          return;
        }
        const { id, to, acceptedAt } = message;
        context.output.result(message, `${dateText(acceptedAt)}  ${to}  ${id}`);
      }
    });
  return withExamples(command, "pushmesh message list --label order-17");
}
