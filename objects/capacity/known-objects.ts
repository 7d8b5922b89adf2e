/**
 * The tags and aliases that this process has seen, and how many others each device asked for: one that is not there yet is a new database
 * (work-pacer.ts). Only a host whose process is the whole mesh may ask.
 */
import { Limiter } from "../../core/link/limiter.ts";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";

export class KnownObjects {
  readonly #names = new BoundedMap<string, true>(LIMITS.KNOWN_OBJECTS);
  readonly #budgets = new BoundedMap<string, Limiter>(LIMITS.NEW_OBJECTS_DEVICES);

  /** An object of a tag or an alias was loaded with its rows, or has been called to make them. */
  add(name: string): void {
    this.#names.set(name, true);
  }

  /** It was erased. */
  delete(name: string): void {
    this.#names.delete(name);
  }

  /**
   * Whether a device may call an object now as if it were there: because it is, as far as is known, or because the device has called few that
   * were not.
   */
  admits(device: string, name: string, now: number): boolean {
    if (this.#names.has(name)) return true;
    const { NEW_OBJECTS_PER_SECOND, NEW_OBJECTS_BURST } = LIMITS;
    const budget =
      this.#budgets.get(device) ?? new Limiter(NEW_OBJECTS_PER_SECOND, NEW_OBJECTS_BURST);
    // It is the last to be forgotten.
    this.#budgets.set(device, budget);
    return budget.take(now) === 0;
  }
}

/** Of this process. */
export const knownObjects = new KnownObjects();
