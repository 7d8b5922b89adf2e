/** `pushmesh webhook create` */
import { Command, Option } from "commander";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../../../schema/http/enums.ts";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";

interface CreateOptions extends KeyOptions {
  readonly event?: readonly WebhookEventName[];
  readonly description?: string;
}

export function webhookCreate(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("create"))
    .description(
      "create a webhook, a URL that the mesh sends events to; prints its secret, only once",
    )
    .argument("<url>", "https, with a name or address of the public internet")
    .addOption(
      new Option("--event <name...>", "the events that it gets (default: all)").choices(
        WEBHOOK_EVENTS,
      ),
    )
    .option("--description <text>", "what it is for")
    .action(async (url: string, { event, description, ...options }: CreateOptions) => {
      const context = contextOf(options, env);
      const created = await serverOf(context, options, env).webhooks.create({
        url,
        ...(event === undefined ? {} : { events: [...event] }),
        ...(description === undefined ? {} : { description }),
      });
      const { id, secret } = created;
      context.output.result(created, `webhook  ${id}\nsecret   ${secret}`);
      context.output.note("Store the secret now: it is not shown again.");
    });
  return withExamples(
    command,
    "pushmesh webhook create https://example.com/push-events",
    "pushmesh webhook create https://example.com/push-events --event clicked unregistered",
  );
}
