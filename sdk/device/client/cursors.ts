/**
 * The position of one registration in the broadcasts of each of its tags, kept in segments so that one more broadcast is
 * one small write.
 */
import type { Broadcast, Cursor } from "../../../schema/generated/link.ts";
import { CURSOR_SEGMENTS, SEGMENT_CURSORS } from "../constants.ts";
import type { BatchedStorage } from "../storage/batched.ts";

/** Positions by tagRef. */
type Segment = Map<number, number>;

export class Cursors {
  readonly #storage: BatchedStorage;
  readonly #prefix: string;
  /** A tag stays in the segment in which it first appeared. Stored as JSON `[slot, [tagRef, position] …]`. */
  #segments: Segment[] = [];
  #slot = 0;

  /** @param prefix Prefix of the storage keys, `<prefix>0` and so on. */
  constructor(storage: BatchedStorage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    while (this.#segments.length < CURSOR_SEGMENTS) {
      const stored = await this.#storage.get(this.#prefix + this.#segments.length);
      try {
        const [slot, ...entries] = JSON.parse(String(stored));
        this.#segments.push(new Map(entries));
        this.#slot = slot;
      } catch {
        // None, or not in our format: the previous one was the last.
        return;
      }
    }
  }

  get all(): Cursor[] {
    return this.#segments.flatMap((segment) =>
      [...segment].map(([tagRef, position]) => ({ slot: this.#slot, tagRef, position })),
    );
  }

  /** Whether the app has this broadcast, or a later one. */
  has({ tagRef, position }: Broadcast): boolean {
    return this.#segments.some((segment) => (segment.get(tagRef) ?? 0) >= position);
  }

  /** The app has every broadcast of the tag up to this one. */
  set({ slot, tagRef, position }: Broadcast): void {
    this.#slot = slot;
    const at = this.#find(tagRef);
    const segment = this.#segments[at] ?? new Map();
    segment.set(tagRef, position);
    this.#segments[at] = segment;
    this.#storage.put(this.#prefix + at, () => JSON.stringify([this.#slot, ...segment]));
  }

  /** Drops all cursors, for another registration. */
  clear(): void {
    for (const at of this.#segments.keys()) this.#storage.put(this.#prefix + at, () => undefined);
    this.#segments = [];
  }

  /** The segment of a tag. If it has no room for a new tag, it is emptied: the mesh has its own cursors. */
  #find(tagRef: number): number {
    const segments = this.#segments;
    const at = segments.findIndex((segment) => segment.has(tagRef));
    if (at >= 0) return at;
    const free = segments.findIndex((segment) => segment.size < SEGMENT_CURSORS);
    if (free >= 0) return free;
    if (segments.length < CURSOR_SEGMENTS) return segments.length;
    const oldest = tagRef % CURSOR_SEGMENTS;
    segments[oldest]?.clear();
    return oldest;
  }
}
