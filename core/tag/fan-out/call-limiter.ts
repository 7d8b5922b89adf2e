/**
 * How many calls of fan-outs are under way at once in a process: more while whatever else waits gets its turn at once, fewer
 * when it has to wait. On one thread that bounds the line in which single sends stand; where objects have threads of their
 * own it opens up.
 */
import { LIMITS } from "../../../schema/limits.ts";

const START = 32;
const LEAST = 8;
/** What waited longer than this for its turn stood in a line of our making. Single sends stand in it, too: see promise P5.1. */
const LAG_MS = 4;
/** Longer than a call takes to reach its device in another object, and back. */
const COUNTED_MS = 250;

export interface LimitedCall {
  readonly from: number;
}

export class CallLimiter {
  /** A call older than this waits for its device and no longer counts: one that does not answer must hold up nobody. */
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
      // A clock that was set back must not keep them young for ever.
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

  /** The call was answered. */
  end(call: LimitedCall): void {
    this.#young.delete(call);
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Others had their turn, and it took so long until ours came again. */
  waited(ms: number): void {
    this.#size =
      ms > LAG_MS
        ? Math.max(LEAST, this.#size * 0.8)
        : Math.min(LIMITS.FAN_OUT_CALLS, this.#size + 1);
  }

  /** Resolves when some call was answered. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
