/** A bounded map, for caches and other state that must not grow for as long as a process runs. */

/**
 * A map with a limit: beyond it the oldest entries are dropped. The age of an entry counts from its last `set` or `touch`. Iterates from
 * the oldest to the newest.
 */
export class BoundedMap<Key, Value> implements Iterable<[Key, Value]> {
  readonly #limit: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<Key, Value>();
  #weight = 0;

  /**
   * @param limit The largest total weight of all entries.
   * @param weigh The weight of an entry, which must not change while it is in the map. Default: 1, so that `limit` is a number of entries.
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

  /** Adds the newest entry. If its weight alone exceeds the limit, the map is empty afterwards. */
  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weigh(value);
    if (this.#weight > this.#limit) this.dropOldestWhile(() => this.#weight > this.#limit);
  }

  /** Returns the value of a key and makes its entry the newest. */
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

  /** Drops entries from the oldest on while `isOver` returns true. */
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
