/** `pushmesh webhook list` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { nameText } from "../../terminal-text.ts";
import { webhookState } from "./about-one.ts";

export function webhookList(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("list"))
    .description("list the webhooks of the app")
    .action(async (options: KeyOptions) => {
      const context = contextOf(options, env);
      for (const webhook of await serverOf(context, options, env).webhooks.list()) {
        const { id, url, events } = webhook;
        const gets = events?.join(",") ?? "everything";
        context.output.result(
          webhook,
          `${id}  ${nameText(url)}  ${gets}  ${webhookState(webhook)}`,
        );
      }
    });
  return withExamples(command, "pushmesh webhook list");
}
