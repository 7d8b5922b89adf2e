/** What failed and is to be tried again: when the device next does something, or at the latest after half a minute. */
import type { Effects } from "../link/effects.ts";

/** Not sooner: what is overloaded must not be asked with every frame. */
const SOONEST_MS = 1_000;
/** An alarm costs a row, so it is for a device that stays silent. */
const LATEST_MS = 30_000;

type Action = (now: number, effects: Effects) => void;

export class Retries {
  /** By what failed: each once. */
  readonly #failed = new Map<object, { readonly at: number; readonly action: Action }>();

  add(what: object, action: Action, now: number): void {
    this.#failed.set(what, { at: now, action });
  }

  /** What failed before this object was loaded: due at once. */
  addDue(what: object, action: Action, now: number): void {
    this.#failed.set(what, { at: now - SOONEST_MS, action });
  }

  /** When they should be tried at the latest; null for none. */
  get deadline(): number | null {
    let first: number | null = null;
    for (const { at } of this.#failed.values()) first = Math.min(first ?? at, at);
    return first === null ? null : first + LATEST_MS;
  }

  run(now: number, effects: Effects): void {
    if (this.#failed.size === 0) return;
    for (const [what, { at, action }] of [...this.#failed]) {
      // Also after the clock was set back.
      if (Math.abs(now - at) < SOONEST_MS) continue;
      this.#failed.delete(what);
      action(now, effects);
    }
  }
}
