/** What a live node sends, each text made once for all listeners (docs/api.md, Live listeners). */
import { toBase64, toBase64Url } from "../../schema/text.ts";
import { isNowOrNever, seqTimeMs } from "../device/clock.ts";
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

/**
 * A broadcast as listeners get it. One with a condition or a filter is for some of the tag's devices, and no listener is
 * known to be among them: it is not theirs to read.
 *
 * @param id the message's public ID
 */
export function liveEntry(entry: LogEntry, id: string): LiveEntry {
  const { position, seq, collapseKey, condition, filter } = entry;
  const expiresAt = isNowOrNever(seq) ? null : entry.expiresAt;
  const isForAll = condition === null && filter === null;
  return { position, expiresAt, collapseKey, text: isForAll ? jsonOf(entry, id, expiresAt) : null };
}

function jsonOf(entry: LogEntry, id: string, expiresAt: number | null): string {
  const { position, cover, seq, collapseKey, signature } = entry;
  const fields = JSON.stringify({
    type: "message",
    cursor: position,
    id,
    // What was signed: the first of the tags that it was sent to.
    tag: cover[0] ?? "",
    sentAt: seqTimeMs(seq),
    expiresAt,
    ...(collapseKey === null ? {} : { collapseKey }),
    signature: signature === null ? null : toBase64Url(signature),
  });
  return `${fields.slice(0, -1)},${dataJson(entry)}}`;
}

/** The data as a field: JSON is put in as its sender wrote it, so that its bytes can be verified. */
function dataJson({ contentType, data }: Pick<LogEntry, "contentType" | "data">): string {
  if (contentType === 3) return `"dataBase64":"${toBase64(data)}"`;
  const text = fromUtf8.decode(data);
  return `"data":${contentType === 2 ? JSON.stringify(text) : text}`;
}
