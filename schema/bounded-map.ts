/** What may grow for as long as a process runs, and must not: caches, and what was seen lately. */

/**
 * A map that keeps at most so much: beyond it the oldest entries go. An entry is as old as its last `set` or `touch`, and iteration
 * is by age, the oldest first.
 */
export class BoundedMap<Key, Value> implements Iterable<[Key, Value]> {
  readonly #limit: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<Key, Value>();
  #weight = 0;

  /**
   * @param limit Entries kept, or their weight in all.
   * @param weigh What an entry counts for, the same at each call; 1 where this is not given.
   */
  constructor(limit: number, weigh: (value: Value) => number = () => 1) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** Makes it the newest entry. One that alone is over the limit is not kept, and nothing else is then. */
  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weigh(value);
    if (this.#weight > this.#limit) this.dropOldestWhile(() => this.#weight > this.#limit);
  }

  /** Makes it the newest entry, as one that was used just now; returns it. */
  touch(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  delete(key: Key): boolean {
    const value = this.#entries.get(key);
    if (!this.#entries.delete(key)) return false;
    this.#weight -= this.#weigh(value as Value);
    return true;
  }

  /** Drops the oldest entry, then the next, until one is not over. */
  dropOldestWhile(isOver: (value: Value) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (!isOver(value)) return;
      this.delete(key);
    }
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#entries[Symbol.iterator]();
  }
}
