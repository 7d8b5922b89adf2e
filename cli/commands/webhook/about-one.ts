/** What the commands about one webhook share. */
import { Command } from "commander";
import type { WebhookBody } from "../../../schema/http.ts";
import type { Webhooks } from "../../../sdk/server/webhooks/webhooks.ts";
import { type Context, contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText } from "../../terminal-text.ts";

type Act<Options> = (
  webhooks: Webhooks,
  id: string,
  output: Context["output"],
  options: Options,
) => Promise<void>;

/** A command about one webhook. */
export function aboutOne<Options extends KeyOptions>(
  name: string,
  description: string,
  env: NodeJS.ProcessEnv,
  act: Act<Options>,
): Command {
  const command = asServer(new Command(name))
    .description(description)
    .argument("<webhook>", "its ID, as pushmesh webhook list prints it")
    .action(async (id: string, options: Options) => {
      const context = contextOf(options, env);
      await act(serverOf(context, options, env).webhooks, id, context.output, options);
    });
  return withExamples(command, `pushmesh webhook ${name} <webhook>`);
}

/** Whether it gets events, and why not. */
export const webhookState = ({ disabled }: WebhookBody): string =>
  disabled === null ? "enabled" : `disabled (${disabled.reason}) ${dateText(disabled.at)}`;
