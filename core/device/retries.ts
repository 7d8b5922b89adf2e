/** Failed calls to retry: when the device next does something, or after half a minute at the latest. */
import { backoffMs } from "../backoff.ts";
import type { Context } from "../link/effects.ts";

/** The alarm for a silent device: late, because an alarm costs a row. */
const LATEST_MS = 30_000;
/** Failures further apart than this are not consecutive. */
const STREAK_MS = 600_000;

type Action = (context: Context) => void;

interface Failed {
  readonly at: number;
  /** The earliest retry: an overloaded object must not be called with every frame. */
  readonly dueAt: number;
  readonly action: Action;
}

export class Retries {
  readonly #spread: number;
  /** By what failed; each has one entry. */
  readonly #failed = new Map<object, Failed>();
  /** Consecutive failures, and the time of the last. */
  readonly #streaks = new WeakMap<object, { readonly failures: number; readonly at: number }>();

  /** @param spread 0 to 1, different for each device, so that a failure of all devices is not retried by all at once */
  constructor(spread: number) {
    this.#spread = spread;
  }

  add(what: object, action: Action, now: number): void {
    const streak = this.#streaks.get(what);
    const isConsecutive = streak !== undefined && Math.abs(now - streak.at) < STREAK_MS;
    const failures = isConsecutive ? streak.failures + 1 : 1;
    this.#streaks.set(what, { failures, at: now });
    this.#failed.set(what, { at: now, dueAt: now + backoffMs(failures, this.#spread), action });
  }

  /** Adds what failed before this object was loaded; it is due at once. */
  addDue(what: object, action: Action, now: number): void {
    this.#failed.set(what, { at: now, dueAt: now, action });
  }

  /** The latest time for the next retry, milliseconds since 1970; null for none. */
  get deadline(): number | null {
    let first: number | null = null;
    for (const { at, dueAt } of this.#failed.values()) {
      const latest = Math.max(dueAt, at + LATEST_MS);
      first = Math.min(first ?? latest, latest);
    }
    return first;
  }

  run(context: Context): void {
    if (this.#failed.size === 0) return;
    for (const [what, { at, dueAt, action }] of [...this.#failed]) {
      // If the clock was set back, retry now.
      if (context.now >= at && context.now < dueAt) continue;
      this.#failed.delete(what);
      action(context);
    }
  }
}
