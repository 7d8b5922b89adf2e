/** What failed and is to be tried again: when the device next does something, or at the latest after half a minute. */
import { backoffMs } from "../backoff.ts";
import type { Context } from "../link/effects.ts";

/** An alarm costs a row, so it is for a device that stays silent. */
const LATEST_MS = 30_000;
/** Failures that are further apart are not in a row. */
const ROW_MS = 600_000;

type Action = (context: Context) => void;

interface Failed {
  readonly at: number;
  /** Not sooner: what is overloaded must not be asked with every frame. */
  readonly dueAt: number;
  readonly action: Action;
}

export class Retries {
  readonly #spread: number;
  /** By what failed: each once. */
  readonly #failed = new Map<object, Failed>();
  /** How often it failed in a row, and when last. */
  readonly #rows = new WeakMap<object, { readonly failures: number; readonly at: number }>();

  /** @param spread from 0 up to 1, another for each device: what failed for all of them is not tried by all at once */
  constructor(spread: number) {
    this.#spread = spread;
  }

  add(what: object, action: Action, now: number): void {
    const row = this.#rows.get(what);
    const isInRow = row !== undefined && Math.abs(now - row.at) < ROW_MS;
    const failures = isInRow ? row.failures + 1 : 1;
    this.#rows.set(what, { failures, at: now });
    this.#failed.set(what, { at: now, dueAt: now + backoffMs(failures, this.#spread), action });
  }

  /** What failed before this object was loaded: due at once. */
  addDue(what: object, action: Action, now: number): void {
    this.#failed.set(what, { at: now, dueAt: now, action });
  }

  /** When they should be tried at the latest; null for none. */
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
      // Also after the clock was set back.
      if (context.now >= at && context.now < dueAt) continue;
      this.#failed.delete(what);
      action(context);
    }
  }
}
