/** A cache of an edge isolate. Losing an entry costs one call of an object, nothing else. */
import { BoundedMap } from "../schema/bounded-map.ts";

interface TimedCacheOptions<Value> {
  /** How long an entry is valid. */
  readonly ttlMs: number;
  /** Maximum number of entries, or of their total weight; the least recently used is evicted first. */
  readonly count: number;
  /** Weight of an entry. Default: 1. */
  readonly weigh?: (value: Value) => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

export class TimedCache<Value> {
  readonly #options: TimedCacheOptions<Value>;
  /** In order of use. */
  readonly #entries: BoundedMap<string, Entry<Value>>;
  #hits = 0;
  #misses = 0;

  constructor(options: TimedCacheOptions<Value>) {
    this.#options = options;
    const { count, weigh } = options;
    this.#entries = new BoundedMap(count, weigh && (({ value }) => weigh(value)));
  }

  /** How often `get` returned a value, and how often it did not. */
  get counts(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#hits, misses: this.#misses };
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    const left = entry === undefined ? 0 : entry.until - this.#options.now();
    // If more than the ttl is left, the clock was set back: the entry's age is unknown.
    if (entry === undefined || left <= 0 || left > this.#options.ttlMs) {
      this.delete(key);
      this.#misses++;
      return undefined;
    }
    this.#entries.touch(key);
    this.#hits++;
    return entry.value;
  }

  set(key: string, value: Value): void {
    const { ttlMs, now } = this.#options;
    this.#entries.set(key, { value, until: now() + ttlMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
