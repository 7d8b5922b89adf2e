/** `pushmesh webhook list`, `show`, `delete`, `rotate`, `test`, `dead-letters` and `replay` */
import { Command } from "commander";
import type { WebhookBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Webhooks } from "../../../sdk/server/webhooks/webhooks.ts";
import { type Context, contextOf, type KeyOptions } from "../../context.ts";
import { CliFailure, EXIT } from "../../failure.ts";
import { asServer, wholeNumber, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { dateText, nameText } from "../../terminal-text.ts";

type Act<Options> = (
  webhooks: Webhooks,
  id: string,
  output: Context["output"],
  options: Options,
) => Promise<void>;

/** A command about one webhook. */
function aboutOne<Options extends KeyOptions>(
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

const stateOf = ({ disabled }: WebhookBody): string =>
  disabled === null ? "enabled" : `disabled (${disabled.reason}) ${dateText(disabled.at)}`;

export function webhookList(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("list"))
    .description("list the webhooks of the app")
    .action(async (options: KeyOptions) => {
      const context = contextOf(options, env);
      for (const webhook of await serverOf(context, options, env).webhooks.list()) {
        const { id, url, events } = webhook;
        const gets = events?.join(",") ?? "everything";
        context.output.result(webhook, `${id}  ${nameText(url)}  ${gets}  ${stateOf(webhook)}`);
      }
    });
  return withExamples(command, "pushmesh webhook list");
}

export const webhookShow = (env: NodeJS.ProcessEnv): Command =>
  aboutOne("show", "show a webhook and its health", env, async (webhooks, id, output) => {
    const webhook = await webhooks.get(id);
    const { url, events, description, waiting, dead, dropped, failingSince, lastFailure } = webhook;
    const lines = [
      `url          ${nameText(url)}`,
      `events       ${events?.join(", ") ?? "everything"}`,
      ...(description === "" ? [] : [`description  ${nameText(description)}`]),
      `state        ${stateOf(webhook)}`,
      `waiting      ${waiting} events, ${dead} dead letters, ${dropped} dropped`,
      ...(failingSince === null ? [] : [`failing      since ${dateText(failingSince)}`]),
      ...(lastFailure === null
        ? []
        : [`last failure ${dateText(lastFailure.at)}: ${nameText(lastFailure.error)}`]),
    ];
    output.result(webhook, lines.join("\n"));
  });

export const webhookDelete = (env: NodeJS.ProcessEnv): Command =>
  aboutOne(
    "delete",
    "delete a webhook, with its waiting events",
    env,
    async (webhooks, id, output) => {
      await webhooks.delete(id);
      output.result({ id }, `deleted  ${id}`);
    },
  );

interface RotateOptions extends KeyOptions {
  readonly overlap?: number;
}

export const webhookRotate = (env: NodeJS.ProcessEnv): Command =>
  aboutOne<RotateOptions>(
    "rotate",
    "give a webhook a new secret",
    env,
    async (webhooks, id, output, { overlap }) => {
      const rotated = await webhooks.rotate(
        id,
        overlap === undefined ? {} : { overlapSeconds: overlap },
      );
      output.result(rotated, `secret   ${rotated.secret}`);
      output.note("Store the secret now: it is not shown again.");
    },
  ).option(
    "--overlap <seconds>",
    "how long the old secret signs too (default: a day)",
    wholeNumber(0, LIMITS.WEBHOOK_OVERLAP_MAX_SECONDS),
  );

export const webhookTest = (env: NodeJS.ProcessEnv): Command =>
  aboutOne("test", "send a test event now", env, async (webhooks, id, output) => {
    const answer = await webhooks.test(id);
    const { delivered, status, error, body, tookMs } = answer;
    const outcome = delivered ? `delivered (${status})` : `failed: ${error}`;
    output.result(answer, `${outcome} in ${tookMs} ms${body === "" ? "" : `\n${nameText(body)}`}`);
    if (!delivered) throw new CliFailure(EXIT.refused, "test_failed", `the test failed: ${error}`);
  });

export const webhookDeadLetters = (env: NodeJS.ProcessEnv): Command =>
  aboutOne(
    "dead-letters",
    "list the requests that could not be delivered in a day",
    env,
    async (webhooks, id, output) => {
      for await (const letter of webhooks.deadLetters(id)) {
        const { at, attempts, error, events } = letter;
        const what = `${events.length} events, ${attempts} attempts`;
        output.result(letter, `${letter.id}  ${dateText(at)}  ${what}: ${nameText(error)}`);
      }
    },
  );

export const webhookReplay = (env: NodeJS.ProcessEnv): Command =>
  aboutOne<KeyOptions & { readonly id?: readonly string[] }>(
    "replay",
    "retry dead letters",
    env,
    async (webhooks, webhook, output, { id }) => {
      const replayed = await webhooks.replay(webhook, id === undefined ? {} : { ids: id });
      output.result({ replayed }, `replayed  ${replayed}`);
    },
  ).option("--id <id...>", "IDs of dead letters (default: all)");
