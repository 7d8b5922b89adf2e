/**
 * Limits how many fan-out calls a process has under way at once. The limit rises while a yield returns at once, and falls when other
 * work makes it wait. On one thread this bounds the queue that single sends wait in; where objects have their own threads, the limit
 * opens up.
 */
import { LIMITS } from "../../../schema/limits.ts";

const START = 32;
const LEAST = 8;
/** If a yield takes longer than this, our own calls caused the queue. Single sends wait in it too: see promise P5.1. */
const LAG_MS = 4;
/** Longer than a call takes to reach its device in another object, and back. */
const COUNTED_MS = 250;

interface LimitedCall {
  readonly from: number;
}

export class CallLimiter {
  /** A call older than this no longer counts: it waits for its device, and a device that does not answer must not block others. */
  readonly countedMs: number;
  #size = START;
  /** Oldest first. */
  readonly #young = new Set<LimitedCall>();
  #waiting: (() => void)[] = [];

  /** @param countedMs how long a call may be on its way before its device is waited for */
  constructor(countedMs: number = COUNTED_MS) {
    this.countedMs = countedMs;
  }

  /** @param now milliseconds since 1970, as everywhere here */
  hasRoom(now: number): boolean {
    for (const call of this.#young) {
      const age = now - call.from;
      // If the clock was set back, calls must not stay young forever.
      if (age >= 0 && age < this.countedMs) break;
      this.#young.delete(call);
    }
    return this.#young.size < this.#size;
  }

  begin(now: number): LimitedCall {
    const call = { from: now };
    this.#young.add(call);
    return call;
  }

  /** Ends a call: it was answered. */
  end(call: LimitedCall): void {
    this.#young.delete(call);
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Reports how long a yield took. */
  waited(ms: number): void {
    this.#size =
      ms > LAG_MS
        ? Math.max(LEAST, this.#size * 0.8)
        : Math.min(LIMITS.FAN_OUT_CALLS, this.#size + 1);
  }

  /** Resolves when the next call is answered. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
