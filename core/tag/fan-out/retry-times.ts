/** Retry times of members or nodes that could not be reached, each with its own backoff. In memory only. */
import { backoffMs, isDue } from "../../backoff.ts";
import type { TagHost } from "../host.ts";

interface Try {
  /** In a row. */
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class RetryTimes<Key> {
  readonly #host: TagHost;
  /** Empty for what was owed before this object woke: that is due at once. */
  readonly #tries = new Map<Key, Try>();

  constructor(host: TagHost) {
    this.#host = host;
  }

  has(key: Key): boolean {
    return this.#tries.has(key);
  }

  keys(): Iterable<Key> {
    return this.#tries.keys();
  }

  /** It could not be reached, or has more to report: the next retry waits longer than the last. */
  failed(key: Key): void {
    const failures = (this.#tries.get(key)?.failures ?? 0) + 1;
    const at = this.#host.now() + backoffMs(failures, this.#host.random());
    this.#tries.set(key, { failures, at });
  }

  /** Starts its backoff over. */
  forget(key: Key): void {
    this.#tries.delete(key);
  }

  /** When it is retried, milliseconds since 1970; 0 for at once. */
  at(key: Key): number {
    return this.#tries.get(key)?.at ?? 0;
  }

  isDue(key: Key): boolean {
    return isDue(this.at(key), this.#host.now());
  }
}
