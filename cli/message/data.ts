/** What `pushmesh send` and `broadcast` send, and how `pushmesh listen` shows what came. */
import { readFileSync } from "node:fs";
import type { LiveMessageBody, PRIORITY_NAMES, SendBodyInput } from "../../schema/http.ts";
import type { PushMessage } from "../../sdk/device/node.ts";
import type { MessageData, PushServer } from "../../sdk/server/mod.ts";
import { usageFailure } from "../failure.ts";
import type { Output } from "../output.ts";
import { tagText } from "../terminal-text.ts";

export interface DataOptions {
  readonly data?: string;
  readonly dataBase64?: string;
  readonly dataFile?: string;
}

/** The fields of a message that hold what it carries. */
interface Data extends Pick<SendBodyInput, "dataBase64"> {
  readonly data?: MessageData;
  readonly json?: string;
}

/** What `withContent` reads, but for the idempotency key, which is no part of a message. */
export interface ContentOptions extends DataOptions {
  readonly title?: string;
  readonly body?: string;
  readonly icon?: string;
  readonly image?: string;
  readonly open?: string;
  readonly badge?: number;
  /** Judged by the mesh. */
  readonly notification?: object;
  readonly ttl?: number;
  readonly priority?: (typeof PRIORITY_NAMES)[number];
  readonly collapseKey?: string;
  readonly label?: string;
  readonly onlineOnly?: true;
  readonly validateOnly?: true;
}

/** A JSON object is sent as one, as it is written; all else is a string. */
function fromText(text: string): Data {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { json: text };
  } catch {
    // A string, then.
  }
  return { data: text };
}

function fromFile(path: string): Data {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw usageFailure(`--data-file ${path}: ${(error as Error).message}`);
  }
  try {
    return fromText(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // No UTF-8: bytes.
    return { dataBase64: bytes.toString("base64") };
  }
}

/** @throws CliFailure unless exactly one of the three is given. */
export function dataOf(options: DataOptions): Data {
  const { data, dataBase64, dataFile } = options;
  const given = [data, dataBase64, dataFile].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw usageFailure("give exactly one of --data, --data-base64 and --data-file");
  if (data !== undefined) return fromText(data);
  if (dataFile !== undefined) return fromFile(dataFile);
  return { dataBase64: dataBase64 ?? "" };
}

/** Undefined if no option says anything of it. */
function notificationOf({
  notification,
  open: url,
  ...options
}: ContentOptions): SendBodyInput["notification"] {
  const { title, body, icon, image, badge } = options;
  const given = Object.entries({ title, body, icon, image, url, badge }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length === 0 && notification === undefined) return undefined;
  return { ...notification, ...Object.fromEntries(given) };
}

/** @throws CliFailure unless its data is given exactly once; with a notification, at most once. */
export function contentOf(
  options: ContentOptions,
): Data &
  Pick<
    SendBodyInput,
    "notification" | "ttl" | "onlineOnly" | "priority" | "collapseKey" | "label"
  > {
  const { ttl, onlineOnly, priority, collapseKey, label } = options;
  const { data, dataBase64, dataFile } = options;
  const notification = notificationOf(options);
  const hasData = [data, dataBase64, dataFile].some((value) => value !== undefined);
  return {
    ...(hasData || notification === undefined ? dataOf(options) : {}),
    ...(notification !== undefined && { notification }),
    ...(ttl !== undefined && { ttl }),
    ...(onlineOnly !== undefined && { onlineOnly }),
    ...(priority !== undefined && { priority }),
    ...(collapseKey !== undefined && { collapseKey }),
    ...(label !== undefined && { label }),
  };
}

/** A message as one JSON object; bytes become base64, which `encoding` says. */
export function messageJson(message: PushMessage): object {
  const { data, ...rest } = message;
  if (data instanceof Uint8Array)
    return { ...rest, data: Buffer.from(data).toString("base64"), encoding: "base64" };
  return { ...rest, data };
}

/**
 * A message as a line: local time of its arrival, its ID, the tag of a broadcast, its data, its notification.
 *
 * @param now milliseconds since 1970.
 */
export function messageLine(
  { id, tag, data, json, notification }: PushMessage,
  now: number,
): string {
  const text =
    data instanceof Uint8Array
      ? `base64 ${Buffer.from(data).toString("base64")}`
      : (json ?? JSON.stringify(data));
  const shown = notification === undefined ? "" : `  ${JSON.stringify({ notification })}`;
  return arrival(now, id, tag, text + shown);
}

/** The same of a message that was heard live. */
export function liveLine(message: LiveMessageBody, tag: string, now: number): string {
  const { id, data, dataBase64 } = message;
  const text = dataBase64 === undefined ? JSON.stringify(data) : `base64 ${dataBase64}`;
  return arrival(now, id, tag, text);
}

function arrival(now: number, id: string, tag: string | undefined, text: string): string {
  const at = new Date(now);
  const two = (value: number, length = 2) => `${value}`.padStart(length, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
  const parts = tag === undefined ? [time, id, text] : [time, id, `[${tagText(tag)}]`, text];
  return parts.join("  ");
}

type Checked = Parameters<PushServer["validate"]>[0];

/** `--validate-only`: has the mesh check a message, and prints to how many it would go. */
export async function printValidation(push: PushServer, message: Checked, output: Output) {
  const answer = await push.validate(message);
  const { recipients, tookMs } = answer;
  output.result(
    answer,
    `valid  ${recipients} recipient${recipients === 1 ? "" : "s"}  ${tookMs} ms`,
  );
}
