/**
 * The duplicate window of one registration: the keys of the messages its app has taken, at least the last
 * `LIMITS.DUPLICATE_WINDOW`, kept in segments so that one more key is one small write.
 */
import { KEY_BYTES, toBase64Url } from "../../../schema/text.ts";
import { DUPLICATE_WINDOW, WINDOW_SEGMENT_KEYS } from "../constants.ts";
import { type PushError, storageError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";

/** One more than the window fills: the newest is rarely full. */
const SEGMENTS = Math.ceil(DUPLICATE_WINDOW / WINDOW_SEGMENT_KEYS) + 1;
/** A stored segment: its number as u32, the highest seq so far as f64, both big-endian, then the keys. */
const HEAD_BYTES = 12;

interface Segment {
  /** Rises by one; its place in the storage is `number % SEGMENTS`. */
  readonly number: number;
  readonly keys: Uint8Array[];
}

export class DuplicateWindow {
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #onError: (error: PushError) => void;
  readonly #known = new Set<string>();
  /** By place; the segment being filled is `#newest`. */
  readonly #segments: (Segment | undefined)[] = [];
  #newest: Segment = { number: 0, keys: [] };
  #lastSeq = 0;
  /** Places whose stored form is out of date. */
  readonly #stale = new Set<number>();
  #writing: Promise<void> | undefined;

  private constructor(storage: Storage, prefix: string, onError: (error: PushError) => void) {
    this.#storage = storage;
    this.#prefix = prefix;
    this.#onError = onError;
  }

  /**
   * Reads the stored window.
   *
   * @param prefix Of the storage keys, `<prefix>0` to `<prefix>16`.
   * @param onError Takes `storage_failed` errors of writing. A window that cannot be written still works until the
   *   process ends.
   * @throws PushError `storage_failed` where it cannot be read
   */
  static async load(
    storage: Storage,
    prefix: string,
    onError: (error: PushError) => void,
  ): Promise<DuplicateWindow> {
    const window = new DuplicateWindow(storage, prefix, onError);
    const places = Array.from({ length: SEGMENTS }, (_, place) => `${prefix}${place}`);
    const stored = await Promise.all(places.map((key) => storage.get(key))).catch((cause) => {
      throw storageError("read the duplicate window", cause);
    });
    stored.forEach((value, place) => {
      if (value instanceof Uint8Array) window.#restore(value, place);
    });
    window.#segments[window.#newest.number % SEGMENTS] = window.#newest;
    return window;
  }

  /** The highest seq of all messages in it; 0 for none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  has(key: Uint8Array): boolean {
    return this.#known.has(toBase64Url(key));
  }

  /** Adds a key; `settled` says when it is stored. */
  add(key: Uint8Array, seq: number): void {
    if (this.#newest.keys.length === WINDOW_SEGMENT_KEYS) this.#turn();
    this.#newest.keys.push(key);
    this.#known.add(toBase64Url(key));
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#write(this.#newest.number % SEGMENTS);
  }

  /** Resolves when everything added so far is stored, or could not be; never rejects. */
  settled(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** Forgets every key, for another registration. */
  clear(): void {
    this.#known.clear();
    this.#newest = { number: this.#newest.number + 1, keys: [] };
    for (let place = 0; place < SEGMENTS; place++) {
      this.#segments[place] = undefined;
      this.#write(place);
    }
    this.#segments[this.#newest.number % SEGMENTS] = this.#newest;
  }

  /** Starts the next segment in the place of the oldest. */
  #turn(): void {
    const number = this.#newest.number + 1;
    for (const key of this.#segments[number % SEGMENTS]?.keys ?? []) {
      this.#known.delete(toBase64Url(key));
    }
    this.#newest = { number, keys: [] };
    this.#segments[number % SEGMENTS] = this.#newest;
  }

  /** What comes while a write is under way goes into the next one together. */
  #write(place: number): void {
    this.#stale.add(place);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // Lets a burst of the same turn gather.
    await undefined;
    while (this.#stale.size > 0) {
      const places = [...this.#stale];
      this.#stale.clear();
      await Promise.all(places.map((place) => this.#store(place))).catch((error: unknown) => {
        this.#onError(storageError("keep the duplicate window", error));
      });
    }
    this.#writing = undefined;
  }

  #store(place: number): Promise<void> {
    const segment = this.#segments[place];
    const key = `${this.#prefix}${place}`;
    if (segment === undefined || segment.keys.length === 0) return this.#storage.delete(key);
    const bytes = new Uint8Array(HEAD_BYTES + segment.keys.length * KEY_BYTES);
    const head = new DataView(bytes.buffer);
    head.setUint32(0, segment.number);
    head.setFloat64(4, this.#lastSeq);
    segment.keys.forEach((item, i) => {
      bytes.set(item, HEAD_BYTES + i * KEY_BYTES);
    });
    return this.#storage.set(key, bytes);
  }

  #restore(bytes: Uint8Array, place: number): void {
    const count = (bytes.length - HEAD_BYTES) / KEY_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > WINDOW_SEGMENT_KEYS) return;
    const head = new DataView(bytes.buffer, bytes.byteOffset);
    const number = head.getUint32(0);
    const lastSeq = head.getFloat64(4);
    if (number % SEGMENTS !== place || !Number.isSafeInteger(lastSeq)) return;
    const keys = Array.from({ length: count }, (_, i) =>
      bytes.slice(HEAD_BYTES + i * KEY_BYTES, HEAD_BYTES + (i + 1) * KEY_BYTES),
    );
    const segment: Segment = { number, keys };
    this.#segments[place] = segment;
    for (const key of keys) this.#known.add(toBase64Url(key));
    this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
    if (number > this.#newest.number || this.#newest.keys.length === 0) this.#newest = segment;
  }
}
