/** `pushmesh send` */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { SendTime } from "../../schema/http/fields.ts";
import type { AliasSendAnswerBody, SendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { TargetsResult } from "../../sdk/server/sending/many.ts";
import type { AliasMessage, ManyMessage, SendOptions } from "../../sdk/server/sending/message.ts";
import { dueText } from "../broadcast-progress.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { CliFailure, EXIT, usageFailure } from "../failure.ts";
import { type ContentOptions, contentOf, printValidation } from "../message/data.ts";
import { sendLines } from "../message/lines.ts";
import { asServer, sendTime, wholeNumber, withContent, withExamples } from "../options.ts";
import type { Output } from "../output.ts";
import { serverOf } from "../server.ts";

const MAX_WAIT_SECONDS = LIMITS.ACK_WAIT_MAX_MS / 1_000;

interface SendCommandOptions extends KeyOptions, ContentOptions {
  readonly to?: string;
  readonly toFile?: string;
  readonly alias?: string;
  readonly aliasFile?: string;
  readonly firstAckWins?: boolean;
  readonly idempotencyKey?: string;
  readonly async?: boolean;
  readonly wait?: number;
  readonly stdin?: boolean;
  readonly receipts?: boolean;
  readonly trace?: boolean;
  readonly at?: SendTime;
  readonly ignoreQuietHours?: boolean;
}

type Target = string | AliasMessage["to"] | ManyMessage["to"];

function targetOf(options: SendCommandOptions): Target {
  const { to, toFile, alias, aliasFile, firstAckWins = false } = options;
  const given = [to, toFile, alias, aliasFile].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw usageFailure("give exactly one of --to, --alias, --to-file and --alias-file");
  if (firstAckWins && (to ?? toFile) !== undefined)
    throw usageFailure("--first-ack-wins goes with --alias and --alias-file");
  if (to !== undefined) return to;
  if (alias !== undefined) return { alias, firstAckWins };
  if (toFile !== undefined) return { regIds: linesOf("--to-file", toFile) };
  return { aliases: linesOf("--alias-file", aliasFile ?? ""), firstAckWins };
}

/** The lines of a file that are not empty. */
function linesOf(option: string, file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw usageFailure(`${option} ${file}: ${(error as Error).message}`);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== "");
}

function sendOptionsOf({ idempotencyKey, async, wait }: SendCommandOptions): SendOptions {
  if (async === true && wait !== undefined) throw usageFailure("give --async or --wait, not both");
  return {
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(async === true && { respondAsync: true }),
    ...(wait !== undefined && { wait }),
  };
}

/** Options that go with `--stdin`: each line has the others. */
const WITH_STDIN = ["stdin", "async", "wait"];

/** @throws CliFailure for an option that `--stdin` would ignore */
function requireForStdin(command: Command): void {
  const names = [
    ...WITH_STDIN,
    ...asServer(new Command()).options.map((one) => one.attributeName()),
  ];
  const other = command.options.find((one) => {
    const name = one.attributeName();
    return command.getOptionValueSource(name) === "cli" && !names.includes(name);
  });
  if (other !== undefined)
    throw usageFailure(
      `${other.long} does not go with --stdin: each line has its target and options`,
    );
}

function printAnswer(output: Output, answer: SendAnswerBody): void {
  const { status, id, sendAt, tookMs } = answer;
  output.result(answer, `${status}  ${id}  ${tookMs} ms${dueText(sendAt)}`);
  if (status !== "delivered" && status !== "queued" && status !== "sent")
    throw new CliFailure(EXIT.refused, status, `the message ended as ${status}`);
}

function printAnswers(output: Output, answer: AliasSendAnswerBody): void {
  const { results, tookMs } = answer;
  const lines = results.map((result) =>
    "status" in result
      ? `${result.status}  ${result.id}  ${tookMs} ms`
      : `refused  ${result.regId}  ${result.error}: ${result.detail}`,
  );
  output.result(answer, lines.join("\n"));
  const ends = results.map((result) => ("status" in result ? result.status : result.error));
  // Recalled is as it was asked for: another holder had it first.
  const bad = ends.filter((end) => !["delivered", "queued", "sent", "recalled"].includes(end));
  const [first] = bad;
  if (first === undefined) return;
  const message = `${bad.length} of the alias's ${ends.length} messages ended otherwise than delivered`;
  throw new CliFailure(EXIT.refused, first, message);
}

function printMany(output: Output, answer: TargetsResult): void {
  const { results } = answer;
  const lines = results.flatMap((result) => {
    if ("error" in result) return [`refused  ${result.to}  ${result.error}: ${result.detail}`];
    if ("status" in result) return [`${result.status}  ${result.id}`];
    return result.results.map((each) =>
      "status" in each
        ? `${each.status}  ${each.id}`
        : `refused  ${each.regId}  ${each.error}: ${each.detail}`,
    );
  });
  output.result(answer, lines.join("\n"));
  const refused = results.find((result) => "error" in result);
  if (refused === undefined || !("error" in refused)) return;
  const count = results.filter((result) => "error" in result).length;
  const message = `${count} of ${results.length} targets were refused`;
  throw new CliFailure(EXIT.refused, refused.error, message);
}

export function send(env: NodeJS.ProcessEnv): Command {
  const command = withContent(
    asServer(new Command("send"))
      .description("send a message to registrations, or to all holders of aliases")
      .option("--to <regId>", "regId of the registration, as printed by pushmesh listen")
      .option("--alias <alias>", "send to all holders of this alias, instead of --to")
      .option("--to-file <file>", "send to all regIds in a file, one a line; - reads stdin")
      .option("--alias-file <file>", "send to all aliases in a file, one a line; - reads stdin")
      .option("--first-ack-wins", "withdraw the message from other holders once one has it"),
  )
    .option("--async", "answer as soon as the message is stored, without waiting for the device")
    .option(
      "--wait <seconds>",
      `how long to wait for the device, 0 to ${MAX_WAIT_SECONDS} (default: 5)`,
      wholeNumber(0, MAX_WAIT_SECONDS),
    )
    .option(
      "--stdin",
      "send a message for each line of stdin over one sender link: JSON with to, data and options",
    )
    .option("--receipts", "send events about the message to the app's webhooks")
    .option("--no-receipts", "do not, though the app's default is to send them")
    .option("--trace", "record what happens to the message, for pushmesh status")
    .option(
      "--at <time>",
      "when to send it, at most 30 days ahead: 2026-12-24T18:00:00Z, or without a zone, in that of the device",
      sendTime,
    )
    .option("--ignore-quiet-hours", "send it in the quiet hours of the device, too")
    .action(async (options: SendCommandOptions, command: Command) => {
      if (options.stdin === true) {
        requireForStdin(command);
        const context = contextOf(options, env);
        const push = serverOf(context, options, env);
        await sendLines(push, process.stdin, sendOptionsOf(options), context.output);
        return;
      }
      const to = targetOf(options);
      const content = {
        ...contentOf(options),
        ...(options.trace === true && { trace: true }),
        ...(options.receipts === undefined ? {} : { receipts: options.receipts }),
        ...(options.at && { sendAt: options.at }),
        ...(options.ignoreQuietHours === true && { ignoreQuietHours: true }),
      };
      const sendOptions = sendOptionsOf(options);
      const context = contextOf(options, env);
      const push = serverOf(context, options, env);
      const { output } = context;
      if (typeof to === "object" && !("alias" in to)) {
        if (options.validateOnly) throw usageFailure("--validate-only goes with one target");
        printMany(output, await push.sendMany({ to, ...content }, sendOptions));
        return;
      }
      const message = typeof to === "string" ? { to, ...content } : { to, ...content };
      if (options.validateOnly) await printValidation(push, message, output);
      else if (typeof to === "string")
        printAnswer(output, await push.send({ to, ...content }, sendOptions));
      else printAnswers(output, await push.send({ to, ...content }, sendOptions));
    });
  withExamples(
    command,
    `pushmesh send --to <regId> --data '{"hello":"world"}'`,
    "pushmesh send --to <regId> --data 'Hello' --ttl 3600 --priority high",
    "pushmesh send --alias user-4711 --first-ack-wins --data 'A call'",
    "pushmesh send --alias user-4711 --title Anna --body 'Lunch?' --open /chat/7 --badge 3",
    "pushmesh send --to <regId> --data 'Good morning' --at 2026-12-24T08:00",
    "date | pushmesh send --to <regId> --data-file -",
    `jq -c '{to: .regId, data: .text}' orders.json | pushmesh send --stdin`,
    "pushmesh registration list | pushmesh send --to-file - --data 'To all of these'",
  );
  return command.addHelpText(
    "after",
    "\nExit codes: 0 delivered, queued or sent (for an alias: for all holders), 2 usage, 3 refused by the mesh, 4 network.",
  );
}
