/** What a live node sends, each text made once for all listeners (docs/api.md, Live listeners). */
import type { SignedPlace } from "../../schema/live.ts";
import { toBase64, toBase64Url } from "../../schema/text.ts";
import { isNowOrNever, seqTimeMs } from "../message/clock.ts";
import type { LogEntry } from "../tag/types.ts";
import type { LiveEntry } from "./store.ts";

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** One text in both its forms: a WebSocket's frame, and an event of an event stream. */
export class LiveText {
  readonly json: string;
  readonly #cursor: number;
  readonly #event: string | null;
  #bytes: Uint8Array | null = null;

  /**
   * @param json on one line
   * @param cursor ID of the event
   * @param event its type; null for the one that a stream's reader takes where none is named, `message`
   */
  constructor(json: string, cursor: number, event: string | null) {
    this.json = json;
    this.#cursor = cursor;
    this.#event = event;
  }

  /** As an event of a stream, UTF-8. */
  get bytes(): Uint8Array {
    const type = this.#event === null ? "" : `event: ${this.#event}\n`;
    this.#bytes ??= utf8.encode(`id: ${this.#cursor}\n${type}data: ${this.json}\n\n`);
    return this.#bytes;
  }
}

export const presenceText = (listeners: number, cursor: number): LiveText =>
  new LiveText(JSON.stringify({ type: "presence", listeners, cursor }), cursor, "presence");

/** The parts of a broadcast that are signed at its place in the log, and those that only the node of the place knows. */
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
    // The first of the tags that it was sent to, as its sender's edge has signed it.
    tag: cover[0] ?? "",
  };
}

/** One with a condition or a filter is for some of the tag's devices, and no listener is known to be among them. */
export const isForListeners = ({ condition, filter }: LogEntry): boolean =>
  condition === null && filter === null;

/**
 * A broadcast as listeners get it; without a text where it is not theirs to read.
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

/** The data as a field: JSON is put in as its sender wrote it, so that its bytes can be verified. */
function dataJson({ contentType, data }: Pick<LogEntry, "contentType" | "data">): string {
  if (contentType === 3) return `"dataBase64":"${toBase64(data)}"`;
  const text = fromUtf8.decode(data);
  return `"data":${contentType === 2 ? JSON.stringify(text) : text}`;
}
