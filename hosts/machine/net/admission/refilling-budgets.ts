/** Budgets that refill at a steady rate, by key (GCRA). One that is full again is not remembered. */
import { BoundedMap } from "../../../../schema/bounded-map.ts";

export interface Rate {
  readonly perSecond: number;
  /** How many at once. */
  readonly burst: number;
}

export class RefillingBudgets {
  /** When the last use of a budget is paid for. */
  readonly #paidAt: BoundedMap<string, number>;

  /** @param count how many are remembered: beyond it, the one that was used longest ago is full again */
  constructor(count: number) {
    this.#paidAt = new BoundedMap(count);
  }

  /** Whether all are full. */
  get areFull(): boolean {
    return this.#paidAt.size === 0;
  }

  /** How long a budget has no room for one more: milliseconds, 0 or less if it has. @param now monotonic milliseconds */
  waitMs(key: string, { perSecond, burst }: Rate, now: number): number {
    return (this.#paidAt.get(key) ?? now) - now - ((burst - 1) * 1_000) / perSecond;
  }

  /** How much of a budget is used, and not refilled yet. @param now monotonic milliseconds */
  used(key: string, { perSecond }: Rate, now: number): number {
    return (Math.max(0, (this.#paidAt.get(key) ?? now) - now) * perSecond) / 1_000;
  }

  /** Uses a budget once, also one that has no room. @param now monotonic milliseconds */
  use(key: string, { perSecond }: Rate, now: number): void {
    this.#paidAt.set(key, Math.max(now, this.#paidAt.get(key) ?? now) + 1_000 / perSecond);
    this.#paidAt.dropOldestWhile((at) => at <= now);
  }
}
