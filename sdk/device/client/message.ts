/** A message as the app sees it. */
import {
  type Broadcast,
  ContentType,
  type Message,
  type Priority,
} from "../../../schema/generated/link.ts";
import { formatMessageId } from "../../../schema/text.ts";
import { ACK_WAIT_MAX_MS, SEQ_EPOCH_MS, SEQ_PER_MS } from "../constants.ts";

/** What arrives for an app: a message to its registration, or a broadcast of one of its tags. */
export type Incoming = Message | Broadcast;

/** A JSON object, text or bytes: whatever form the sender used. */
export type PushData = Record<string, unknown> | string | Uint8Array<ArrayBuffer>;

/** A button; browsers show at most `Notification.maxActions` of them, which is 2 in Chromium. */
export interface NotificationButton {
  /** Names it in the report of a click. */
  readonly action: string;
  readonly title: string;
  readonly icon?: string;
  /** What a click on it opens. Default: what a click on the notification opens. */
  readonly url?: string;
}

/** The notification of a message, as its sender gave it. URLs are https, or relative to the app. */
export interface PushNotification {
  /** Without it, only the badge is set. */
  readonly title?: string;
  readonly body?: string;
  readonly icon?: string;
  /** A large picture. */
  readonly image?: string;
  /** What a click opens. */
  readonly url?: string;
  /** The number on the app's icon; 0 removes it. */
  readonly badge?: number;
  readonly actions?: readonly NotificationButton[];
}

/** One message, as passed to the handlers of `onMessage`. */
export interface PushMessage<T = PushData> {
  /** The ID from the answer to the sender. The same message always has the same ID. Sorts by time. */
  readonly id: string;
  readonly data: T;
  /** What to show the user, if its sender gave it: `pushmesh/sw` does in browsers. A message without data has `{}` as `data`. */
  readonly notification?: PushNotification | undefined;
  /** If its sender gave an object: its JSON text, with all digits of integers beyond 2^53, which `data` rounds. */
  readonly json?: string | undefined;
  readonly priority: "high" | "normal" | "low";
  /** The tag it was broadcast to: "" for all devices of the app. Absent for a message to this registration. */
  readonly tag?: string | undefined;
  /** The sender's collapse key, if it gave one. */
  readonly collapseKey?: string | undefined;
  /** True if it was encrypted to a key of this registration: see `pushmesh/encryption`. */
  readonly encrypted?: boolean | undefined;
  /** True if its sender asks what happens to it: see `PushClient.reportMessage`. */
  readonly report?: boolean | undefined;
  /** When the mesh accepted it, or released it if it was scheduled: on the clock of the mesh, in milliseconds since 1970. */
  readonly sentAt: number;
  /** When it expires, in milliseconds since 1970. Absent for a message with ttl 0 (now or never). */
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
 * Whether the message arrived too late to be shown. A ttl 0 message has no expiry: its sender waits at most
 * `LIMITS.ACK_WAIT_MAX_MS`, and was then told that it expired. A ttl 0 broadcast never expires, because no sender waits for it.
 *
 * @param meshNow The mesh's clock, milliseconds since 1970.
 * @param graceMs How long after its expiry a message still counts as valid.
 */
export function isExpired(message: Incoming, meshNow: number, graceMs = 0): boolean {
  const { seq, expiresAtMs } = message;
  if (expiresAtMs !== undefined) return expiresAtMs + graceMs <= meshNow;
  return !("tag" in message) && sentAt(seq) + ACK_WAIT_MAX_MS <= meshNow;
}

/** What its sender gave. */
export type Content = Pick<PushMessage, "data" | "json" | "notification" | "encrypted">;

/** The ID of a message, as its sender knows it. */
export const idOf = (message: Incoming, regId: string): string =>
  "tag" in message
    ? formatMessageId({ ...message, regId: message.source })
    : formatMessageId({ seq: message.idSeq ?? message.seq, key: message.key, regId });

/** The app's view of a message. Throws if the data does not match the content type. */
export function toPushMessage(
  message: Incoming,
  regId: string,
  content = contentOf(message),
): PushMessage {
  const { seq, collapseKey, expiresAtMs } = message;
  return {
    id: idOf(message, regId),
    ...content,
    priority: PRIORITY_NAMES[message.priority],
    tag: "tag" in message ? message.tag : undefined,
    collapseKey,
    ...(message.report && { report: true }),
    sentAt: sentAt(seq),
    expiresAt: expiresAtMs,
  };
}

/** @throws TypeError, SyntaxError if the data does not match the content type */
export function contentOf(
  message: Parameters<typeof dataOf>[0] & Pick<Incoming, "notification">,
): Content {
  return { ...dataOf(message), notification: message.notification };
}

function dataOf({
  contentType,
  data,
}: Pick<Incoming, "contentType" | "data">): Pick<Content, "data" | "json"> {
  // A copy: the bytes may be a view of a whole frame.
  if (contentType === ContentType.BINARY) return { data: data.slice() };
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  if (contentType === ContentType.TEXT) return { data: text };
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("the JSON is no object");
  }
  return { data: value as Record<string, unknown>, json: text };
}
