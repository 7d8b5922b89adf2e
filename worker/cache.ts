/** What an edge isolate remembers for a while. Dropping any of it costs one call, nothing else. */

export interface TimedCacheOptions {
  /** How long an entry is used. */
  readonly ttlMs: number;
  /** Entries kept; the least recently used goes first. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

export class TimedCache<Value> {
  readonly #options: TimedCacheOptions;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry<Value>>();
  #hits = 0;
  #misses = 0;

  constructor(options: TimedCacheOptions) {
    this.#options = options;
  }

  /** How often `get` found something, and how often it did not. */
  get counts(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#hits, misses: this.#misses };
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry === undefined || entry.until <= this.#options.now()) {
      this.#misses++;
      return undefined;
    }
    this.#entries.set(key, entry);
    this.#hits++;
    return entry.value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#options.now() + this.#options.ttlMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#options.count && oldest !== undefined) {
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
