/** A clock that a test moves, and ways to wait for what runs by itself (Web Crypto, promises). */
import { SOON } from "../../../support/soon.ts";

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export class FakeClock {
  now = Date.UTC(2026, 10, 22);
  #timers: Timer[] = [];

  readonly after = (ms: number, act: () => void): (() => void) => {
    const timer = { at: this.now + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Milliseconds until each timer, soonest first. */
  get pending(): number[] {
    return this.#timers.map(({ at }) => at - this.now).sort((a, b) => a - b);
  }

  /** Moves on by `ms`, running what falls due in order, and lets each settle before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.now = next.at;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.act();
      await settle();
    }
    this.now = end;
    await settle();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets everything that waits for promises alone come to rest. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

/** Waits until `what` answers something that is not undefined or false; fails after 20 real seconds. */
export async function until<T>(what: () => T | undefined | false, name: string): Promise<T> {
  const end = performance.now() + SOON.timeout;
  for (;;) {
    const value = what();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited in vain for ${name}`);
    await turn();
  }
}
