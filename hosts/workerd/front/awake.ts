/** Counts objects that are awake without a link: each has a database open, which takes three descriptors, until workerd closes it. */
import { AWAKE_MS } from "../../../objects/capacity/awake.ts";

interface Woken {
  readonly address: string;
  readonly until: number;
}

export class AwakeObjects {
  readonly #now: () => number;
  /** By key, in the order in which they fall asleep. */
  readonly #objects = new Map<string, Woken>();
  readonly #counts = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    this.#forget();
    return this.#objects.size;
  }

  /** How many of them a network has woken. */
  countOf(address: string): number {
    this.#forget();
    return this.#counts.get(address) ?? 0;
  }

  has(key: string): boolean {
    this.#forget();
    return this.#objects.has(key);
  }

  /** To be called when a network has called the object. @returns takes that back, unless it was called again since */
  add(key: string, address: string): () => void {
    this.remove(key);
    const woken = { address, until: this.#now() + AWAKE_MS };
    this.#objects.set(key, woken);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    return () => {
      if (this.#objects.get(key) === woken) this.remove(key);
    };
  }

  remove(key: string): void {
    const woken = this.#objects.get(key);
    if (woken === undefined) return;
    this.#objects.delete(key);
    const left = (this.#counts.get(woken.address) ?? 0) - 1;
    if (left > 0) this.#counts.set(woken.address, left);
    else this.#counts.delete(woken.address);
  }

  #forget(): void {
    for (const [key, { until }] of this.#objects) {
      if (until > this.#now()) return;
      this.remove(key);
    }
  }
}
