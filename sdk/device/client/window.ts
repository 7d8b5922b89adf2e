/**
 * The duplicate window of one registration: the keys of the messages its app has taken, at least the last 1,024,
 * kept in segments so that one more key is one small write.
 */
import { toBase64Url } from "../../../schema/text.ts";
import { DUPLICATE_WINDOW, WINDOW_SEGMENT_KEYS } from "../constants.ts";
import type { Storage } from "../storage/storage.ts";

/** One more than the window fills: the newest is rarely full. */
const SEGMENTS = Math.ceil(DUPLICATE_WINDOW / WINDOW_SEGMENT_KEYS) + 1;

/** Stored as JSON. */
interface Segment {
  /** Rises by one; the segment's place in the storage is `number % SEGMENTS`. */
  readonly number: number;
  /** The highest seq taken when it was written. */
  lastSeq: number;
  /** Message keys in base64url. */
  readonly keys: string[];
}

export class DuplicateWindow {
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #onError: (error: unknown) => void;
  readonly #known = new Set<string>();
  /** By place. */
  readonly #segments: (Segment | undefined)[] = [];
  /** The one being filled. */
  #newest: Segment = { number: 0, lastSeq: 0, keys: [] };
  /** Places whose stored form is out of date. */
  readonly #stale = new Set<number>();
  #writing: Promise<void> | undefined;

  /**
   * @param prefix Of the storage keys, `<prefix>0` to `<prefix>16`.
   * @param onError Takes the errors of writing. A window that cannot be written still works until the process ends.
   */
  constructor(storage: Storage, prefix: string, onError: (error: unknown) => void) {
    this.#storage = storage;
    this.#prefix = prefix;
    this.#onError = onError;
  }

  /** Reads what is stored; before anything else. Rejects with what the storage rejects with. */
  async load(): Promise<void> {
    const places = Array.from({ length: SEGMENTS }, (_, i) => this.#storage.get(this.#prefix + i));
    for (const stored of await Promise.all(places)) this.#restore(stored);
    this.#place(this.#newest);
  }

  /** The highest seq of all messages in it; 0 for none. */
  get lastSeq(): number {
    return this.#newest.lastSeq;
  }

  has(key: Uint8Array): boolean {
    return this.#known.has(toBase64Url(key));
  }

  /** Adds a key; `settled` says when it is stored. */
  add(key: Uint8Array, seq: number): void {
    if (this.#newest.keys.length === WINDOW_SEGMENT_KEYS) this.#turn();
    const text = toBase64Url(key);
    this.#newest.keys.push(text);
    this.#newest.lastSeq = Math.max(this.#newest.lastSeq, seq);
    this.#known.add(text);
    this.#write(this.#newest.number % SEGMENTS);
  }

  /** Resolves when everything added so far is stored, or could not be; never rejects. */
  settled(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** Forgets every key, for another registration. */
  clear(): void {
    this.#known.clear();
    for (let place = 0; place < SEGMENTS; place++) {
      this.#segments[place] = undefined;
      this.#write(place);
    }
    this.#turn();
  }

  /** Starts the next segment in the place of the oldest. */
  #turn(): void {
    const { number, lastSeq } = this.#newest;
    const oldest = this.#segments[(number + 1) % SEGMENTS];
    for (const key of oldest?.keys ?? []) this.#known.delete(key);
    this.#newest = { number: number + 1, lastSeq, keys: [] };
    this.#place(this.#newest);
  }

  #place(segment: Segment): void {
    this.#segments[segment.number % SEGMENTS] = segment;
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
      await Promise.all(places.map((place) => this.#store(place))).catch(this.#onError);
    }
    this.#writing = undefined;
  }

  #store(place: number): Promise<void> {
    const segment = this.#segments[place];
    const key = this.#prefix + place;
    return segment?.keys.length
      ? this.#storage.set(key, JSON.stringify(segment))
      : this.#storage.delete(key);
  }

  /** Takes a stored segment; what is none is as if it were not there. */
  #restore(stored: unknown): void {
    let segment: Segment;
    try {
      segment = JSON.parse(String(stored));
      for (const key of segment.keys) this.#known.add(key);
    } catch {
      return;
    }
    this.#place(segment);
    const { number, lastSeq } = this.#newest;
    if (segment.number > number || lastSeq === 0) this.#newest = segment;
  }
}
