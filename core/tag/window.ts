/**
 * How many calls of fan-outs are under way at once in a process: more while they are answered about as fast as the fastest
 * were, fewer when they slow down. On one thread that keeps the line short in which single sends wait; where objects have
 * threads of their own it opens up.
 */
import { LIMITS } from "../../schema/limits.ts";

const START = 8;
const LEAST = 4;
/** Slower than so many times the fastest, and this much more, is slowed down. */
const SLOWED = 2;
const SLACK_MS = 3;
/** A call older than this waits for its device and no longer counts: one that does not answer must hold up nobody. */
export const COUNTED_MS = 250;

export interface Call {
  readonly from: number;
}

export class Window {
  #size = START;
  /** Oldest first. */
  readonly #young = new Set<Call>();
  #fastest = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  /** @param now milliseconds since 1970, as everywhere here */
  hasRoom(now: number): boolean {
    for (const call of this.#young) {
      const age = now - call.from;
      // A clock that was set back must not keep them young for ever.
      if (age >= 0 && age < COUNTED_MS) break;
      this.#young.delete(call);
    }
    return this.#young.size < this.#size;
  }

  begin(now: number): Call {
    const call = { from: now };
    this.#young.add(call);
    return call;
  }

  /** The call was answered. */
  end(call: Call, now: number): void {
    // Of a device that was waited for nothing is learned.
    if (this.#young.delete(call)) this.#learn(Math.max(now - call.from, 0));
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when some call was answered. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #learn(tookMs: number): void {
    // Slowly forgotten, so that a network that became slower is not taken for a queue.
    this.#fastest = Math.min(this.#fastest * 1.01 + 0.01, Math.max(tookMs, 1));
    const isSlow = tookMs > this.#fastest * SLOWED + SLACK_MS;
    this.#size = isSlow
      ? Math.max(LEAST, this.#size * 0.9)
      : Math.min(LIMITS.FAN_OUT_CALLS, this.#size + 1 / this.#size);
  }
}
