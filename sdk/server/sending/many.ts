/** Sends to many at once: divides what is more than one request takes, and puts the results together. */
import type { BatchResult, TargetResult } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { optionError } from "../errors.ts";
import type { ManyMessage } from "./message.ts";

/** Around the messages of a batch. */
const BATCH_HEAD = '{"messages":[';
const BATCH_TAIL = "]}";
const COMMA = 0x2c;
const utf8 = new TextEncoder();

type ManyTarget = ManyMessage["to"];

/** The targets in lists that a request takes. @throws PushServerError `option_invalid` for none */
export function dividedTargets(to: ManyTarget): ManyTarget[] {
  const isByRegId = "regIds" in to;
  const names = isByRegId ? to.regIds : to.aliases;
  const field = isByRegId ? "regIds" : "aliases";
  if (!Array.isArray(names) || names.length === 0)
    throw optionError(`${field}: must be a list, and not empty`);
  return inParts(names, LIMITS.TARGETS).map((part) =>
    isByRegId ? { regIds: part } : { ...to, aliases: part },
  );
}

/**
 * The bodies of the batches that take all messages, in order.
 *
 * @param messages each as JSON
 */
export function batchBodies(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[] {
  const most = LIMITS.BATCH_BODY_BYTES - BATCH_HEAD.length - BATCH_TAIL.length;
  const bodies: Uint8Array<ArrayBuffer>[] = [];
  let part: Uint8Array[] = [];
  let bytes = 0;
  for (const message of messages) {
    const isFull = part.length === LIMITS.BATCH_MESSAGES || bytes + message.length + 1 > most;
    if (isFull && part.length > 0) {
      bodies.push(batchBody(part, bytes));
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += message.length + 1;
  }
  if (part.length > 0) bodies.push(batchBody(part, bytes));
  return bodies;
}

/** @param bytes of the messages, each with a comma */
function batchBody(messages: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(BATCH_HEAD.length + bytes - 1 + BATCH_TAIL.length);
  let at = utf8.encodeInto(BATCH_HEAD, body).written;
  for (const [place, message] of messages.entries()) {
    if (place > 0) body[at++] = COMMA;
    body.set(message, at);
    at += message.length;
  }
  utf8.encodeInto(BATCH_TAIL, body.subarray(at));
  return body;
}

/** The key of a part: that of the call for the first, so that what fits one request has the key that it was given. */
export const keyOfPart = (key: string, part: number): string =>
  part === 0 ? key : `${key}.${part}`;

export interface ManyAnswer<Result> {
  /** A result for each target or message, in the order given. */
  readonly results: readonly Result[];
  /** Milliseconds that the mesh took, for all requests together. */
  readonly tookMs: number;
}

export type TargetsResult = ManyAnswer<TargetResult>;
export type BatchesResult = ManyAnswer<BatchResult>;

/** One answer of those of all parts. */
export const joinedAnswers = <Result>(
  answers: readonly ManyAnswer<Result>[],
): ManyAnswer<Result> => ({
  results: answers.flatMap(({ results }) => results),
  tookMs: answers.reduce((sum, { tookMs }) => sum + tookMs, 0),
});

function inParts<Item>(items: readonly Item[], most: number): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += most) parts.push(items.slice(at, at + most));
  return parts;
}
