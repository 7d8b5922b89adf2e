/** A message as the app sees it. */
import { ContentType, type Message, type Priority } from "../../../schema/generated/link.ts";
import { formatMessageId } from "../../../schema/text.ts";
import { ACK_WAIT_MAX_MS, SEQ_EPOCH_MS, SEQ_PER_MS } from "../constants.ts";

/** A JSON object, text or bytes: in the form in which the sender gave it. */
export type PushData = Record<string, unknown> | string | Uint8Array<ArrayBuffer>;

/** One message, as `onMessage` hands it over. */
export interface PushMessage {
  /** The ID that the sender's answer named; the same message never comes under two. Sorts by time. */
  readonly id: string;
  readonly data: PushData;
  readonly priority: "high" | "normal" | "low";
  /** The sender's collapse key, if it gave one. */
  readonly collapseKey?: string | undefined;
  /** When the mesh accepted it, by the mesh's clock, milliseconds since 1970. */
  readonly sentAt: number;
  /** After when it would not have been shown, milliseconds since 1970; absent for a now-or-never message. */
  readonly expiresAt?: number | undefined;
}

const PRIORITY_NAMES = { 1: "high", 2: "normal", 3: "low" } as const satisfies Record<
  Priority,
  string
>;

/** When the mesh accepted the message, milliseconds since 1970. */
function sentAt(seq: number): number {
  return Math.floor(seq / SEQ_PER_MS) + SEQ_EPOCH_MS;
}

/**
 * Whether the message came too late to be shown. A now-or-never message has no time of its own: its sender
 * waits at most `LIMITS.ACK_WAIT_MAX_MS`, and was then told that it expired.
 *
 * @param meshNow The mesh's clock, milliseconds since 1970.
 * @param graceMs By how much a time of its own has to be over.
 */
export function isExpired({ seq, expiresAtMs }: Message, meshNow: number, graceMs = 0): boolean {
  return (
    (expiresAtMs === undefined ? sentAt(seq) + ACK_WAIT_MAX_MS : expiresAtMs + graceMs) <= meshNow
  );
}

/** The app's view of a message. Throws where the data is not what the content type says. */
export function toPushMessage(message: Message, regId: string): PushMessage {
  const { seq, key, collapseKey, expiresAtMs } = message;
  return {
    id: formatMessageId({ seq, key, regId }),
    data: toData(message),
    priority: PRIORITY_NAMES[message.priority],
    collapseKey,
    sentAt: sentAt(seq),
    expiresAt: expiresAtMs,
  };
}

function toData({ contentType, data }: Message): PushData {
  // A copy: the bytes may be a view of a whole frame.
  if (contentType === ContentType.BINARY) return data.slice();
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  if (contentType === ContentType.TEXT) return text;
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("the JSON is no object");
  }
  return value as Record<string, unknown>;
}
