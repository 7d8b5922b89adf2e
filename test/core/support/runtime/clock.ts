/** Time that passes only when everybody waits. */
import { sends } from "../../../../objects/capacity/sends.ts";
import type { Timer } from "../../../../objects/runtime.ts";

/** What takes longer will not end. */
const LONGEST_MS = 172_800_000;

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** Lets all promises that are due run, and what they make due. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What objects know of time. */
export interface Time {
  /** Milliseconds since 1970. */
  readonly now: number;
  sleep(ms: number): Promise<void>;
  /** Calls back once, after `ms`. */
  timer(ms: number, run: () => void): Timer;
}

export class VirtualClock implements Time {
  #elapsed = 0;
  #offset: number;
  #timers: Due[] = [];

  /** @param start milliseconds since 1970 */
  constructor(start = 1_790_000_000_000) {
    this.#offset = start;
    // Of the whole process: a fan-out must not rest for the sends of an earlier test, or a history would not repeat.
    sends.began(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds since 1970, as far as anybody can see. */
  get now(): number {
    return this.#offset + this.#elapsed;
  }

  /** Milliseconds that have passed, whatever the clock was set to. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Somebody sets the clock, forth where `ms` is negative; what sleeps does not notice. */
  setBack(ms: number): void {
    this.#offset -= ms;
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.timer(ms, resolve);
    });

  timer(ms: number, run: () => void): Timer {
    const timer: Due = { at: this.#elapsed + ms, run };
    this.#timers.push(timer);
    const cancel = () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
    return { cancel };
  }

  /** Rejects where the promise is not settled after this time; no timer is left where it is. */
  async withTimeout<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
    let timer: Timer = { cancel: () => {} };
    const late = new Promise<never>((_, reject) => {
      timer = this.timer(ms, () => reject(new Error(`no answer for ${ms} ms`)));
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      timer.cancel();
    }
  }

  /** Resolves with what the promise does, letting time pass for it. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    const latest = this.#elapsed + LONGEST_MS;
    let done = false;
    const end = () => {
      done = true;
    };
    promise.then(end, end);
    for (;;) {
      await turn();
      if (done) return promise;
      if (!this.#step()) throw new Error("everybody waits for ever");
      if (this.#elapsed > latest) throw new Error("it waits for days");
    }
  }

  /** Lets some time pass. */
  pass(ms: number): Promise<void> {
    return this.until(this.sleep(ms));
  }

  #step(): boolean {
    this.#timers.sort((a, b) => a.at - b.at);
    const next = this.#timers.shift();
    if (next === undefined) return false;
    this.#elapsed = Math.max(this.#elapsed, next.at);
    next.run();
    return true;
  }
}
