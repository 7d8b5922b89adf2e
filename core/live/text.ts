/** The messages of a live node, each made once for all listeners (docs/api.md, Live listeners). */
import type { SignedPlace } from "../../schema/live.ts";
import { toBase64, toBase64Url } from "../../schema/text.ts";
import { isNowOrNever, seqTimeMs } from "../message/clock.ts";
import type { LogEntry } from "../tag/calls/broadcast.ts";
import type { LiveEntry } from "./store.ts";

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** A message in both its forms: WebSocket frame, and event of an event stream. */
export class LiveText {
  readonly json: string;
  readonly #cursor: number;
  readonly #event: string | null;
  #bytes: Uint8Array | null = null;

  /**
   * @param json on one line
   * @param cursor ID of the event
   * @param event type of the event; null for the default, `message`
   */
  constructor(json: string, cursor: number, event: string | null) {
    this.json = json;
    this.#cursor = cursor;
    this.#event = event;
  }

  /** The event of a stream, in UTF-8. */
  get bytes(): Uint8Array {
    const type = this.#event === null ? "" : `event: ${this.#event}\n`;
    this.#bytes ??= utf8.encode(`id: ${this.#cursor}\n${type}data: ${this.json}\n\n`);
    return this.#bytes;
  }
}

export const presenceText = (listeners: number, cursor: number): LiveText =>
  new LiveText(JSON.stringify({ type: "presence", listeners, cursor }), cursor, "presence");

/** What the place signature of a broadcast covers: the broadcast, and its place in the log of the tag that is listened to. */
export function signedPlaceOf(
  entry: LogEntry,
  { id, appId, listened }: Pick<SignedPlace, "id" | "appId" | "listened">,
): SignedPlace {
  const { position, seq, collapseKey, cover, contentType, data } = entry;
  return {
    ...{ appId, listened, id, collapseKey, contentType, data },
    cursor: position,
    sentAt: seqTimeMs(seq),
    expiresAt: isNowOrNever(seq) ? null : entry.expiresAt,
    // The first tag of the cover, as in the signature of the sender's edge.
    tag: cover[0] ?? "",
  };
}

/**
 * A broadcast with a condition or a filter is for some devices only, and listeners have no tags or attributes. A recall is none, and what
 * was recalled is for nobody.
 */
export const isForListeners = ({ condition, filter, recalls, recalledAt }: LogEntry): boolean =>
  (condition ?? filter ?? recalls ?? recalledAt) == null;

/**
 * A broadcast as listeners get it; without a text if it is not for them.
 *
 * @param placeSignature over `livePlaceBytes` of the place
 */
export function liveEntry(
  entry: LogEntry,
  place: SignedPlace,
  placeSignature: Uint8Array | null,
): LiveEntry {
  const { cursor, expiresAt, collapseKey } = place;
  const text = isForListeners(entry) ? jsonOf(entry, place, placeSignature) : null;
  return { position: cursor, expiresAt, collapseKey, text };
}

const signatureText = (signature: Uint8Array | null) =>
  signature === null ? null : toBase64Url(signature);

function jsonOf(entry: LogEntry, place: SignedPlace, placeSignature: Uint8Array | null): string {
  const { cursor, id, tag, sentAt, expiresAt, collapseKey } = place;
  const fields = JSON.stringify({
    type: "message",
    ...{ cursor, id, tag, sentAt, expiresAt },
    ...(collapseKey === null ? {} : { collapseKey }),
    signature: signatureText(entry.signature),
    placeSignature: signatureText(placeSignature),
  });
  return `${fields.slice(0, -1)},${dataJson(entry)}}`;
}

/** The data as a JSON field. JSON is inserted as its sender wrote it, so that its bytes can be verified. */
function dataJson({ contentType, data }: Pick<LogEntry, "contentType" | "data">): string {
  if (contentType === 3) return `"dataBase64":"${toBase64(data)}"`;
  const text = fromUtf8.decode(data);
  return `"data":${contentType === 2 ? JSON.stringify(text) : text}`;
}
