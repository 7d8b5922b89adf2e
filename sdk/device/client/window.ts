/**
 * The duplicate window of one lane of a registration: the keys of the messages that its app has handled, at least the last 1,024,
 * kept in segments so that one more key is one small write. Each key has a hash of the data: the mesh remembers an idempotency key
 * for minutes, this window for 1,024 messages, and a later message with that key is another one.
 */
import { dataHash as hash } from "../../../schema/data-hash.ts";
import type { Message } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { DUPLICATE_WINDOW, WINDOW_SEGMENT_KEYS } from "../constants.ts";
import type { BatchedStorage } from "../storage/batched.ts";

/** One more than the window needs: the newest one is rarely full. */
const SEGMENTS = Math.ceil(DUPLICATE_WINDOW / WINDOW_SEGMENT_KEYS) + 1;

/** Stored as JSON. */
interface Segment {
  /** Increments by one; the segment's place in the storage is `number % SEGMENTS`. */
  readonly number: number;
  /** The highest handled seq, or number of a sealed frame, at the time of writing. */
  lastSeq: number;
  /** Message keys in base64url, each followed by the hash of its data; older entries have no hash. */
  readonly keys: string[];
}

type Known = Pick<Message, "key" | "data" | "notification" | "remainingMs" | "dataHash">;

/** A message without its data carries the hash. */
const hashOf = ({ data, notification, dataHash = hash(data, notification) }: Known): string =>
  (dataHash >>> 0).toString(36);

export class DuplicateWindow {
  readonly #storage: BatchedStorage;
  readonly #prefix: string;
  /** The entries of all segments. */
  readonly #known = new Set<string>();
  /** By place. */
  readonly #segments: (Segment | undefined)[] = [];
  /** The segment being filled. */
  #newest: Segment = { number: 0, lastSeq: 0, keys: [] };

  /** @param prefix Prefix of the storage keys, `<prefix>0` to `<prefix>16`. */
  constructor(storage: BatchedStorage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    const places = Array.from({ length: SEGMENTS }, (_, i) => this.#storage.get(this.#prefix + i));
    for (const stored of await Promise.all(places)) this.#restore(stored);
    this.#place(this.#newest);
  }

  /** The highest seq of all messages in it; 0 for none. */
  get lastSeq(): number {
    return this.#newest.lastSeq;
  }

  /** Whether the app has handled it. An older mesh sends no hash with a message that only asks for an answer. */
  has(message: Known): boolean {
    const { key, data, remainingMs, dataHash } = message;
    const text = toBase64Url(key);
    if (this.#known.has(text) || this.#known.has(text + hashOf(message))) return true;
    return (
      dataHash === undefined &&
      remainingMs === 0 &&
      data.length === 0 &&
      [...this.#known].some((entry) => entry.startsWith(text))
    );
  }

  /** Whether the app has handled a message with this key, whatever its data. */
  hasKey(key: string): boolean {
    return [...this.#known].some((entry) => entry.startsWith(key));
  }

  /**
   * Adds a message; the storage's `settled` says when it is stored.
   *
   * @param seq The seq of a message; 0 for a broadcast, whose seq does not belong to this device.
   */
  add(message: Known, seq: number): void {
    if (this.#newest.keys.length === WINDOW_SEGMENT_KEYS) this.#turn();
    const entry = toBase64Url(message.key) + hashOf(message);
    this.#newest.keys.push(entry);
    this.raise(seq);
    this.#known.add(entry);
    this.#write(this.#newest.number % SEGMENTS);
  }

  /** What the device has received, with or without messages; stored with the next message. */
  raise(seq: number): void {
    this.#newest.lastSeq = Math.max(this.#newest.lastSeq, seq);
  }

  /** Drops every key, for another registration. */
  clear(): void {
    this.#known.clear();
    for (let place = 0; place < SEGMENTS; place++) {
      this.#segments[place] = undefined;
      this.#write(place);
    }
    this.#turn();
  }

  /** Starts the next segment in place of the oldest. */
  #turn(): void {
    const { number, lastSeq } = this.#newest;
    const oldest = this.#segments[(number + 1) % SEGMENTS];
    for (const entry of oldest?.keys ?? []) this.#known.delete(entry);
    this.#newest = { number: number + 1, lastSeq, keys: [] };
    this.#place(this.#newest);
  }

  #place(segment: Segment): void {
    this.#segments[segment.number % SEGMENTS] = segment;
  }

  #write(place: number): void {
    this.#storage.put(this.#prefix + place, () => {
      const segment = this.#segments[place];
      return segment?.keys.length ? JSON.stringify(segment) : undefined;
    });
  }

  /** Loads a stored segment; ignores anything that is not one. */
  #restore(stored: unknown): void {
    let segment: Segment;
    try {
      segment = JSON.parse(String(stored));
      for (const entry of segment.keys) this.#known.add(entry);
    } catch {
      return;
    }
    this.#place(segment);
    if (segment.number >= this.#newest.number) this.#newest = segment;
  }
}
