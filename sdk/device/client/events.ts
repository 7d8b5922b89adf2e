/** A list of listeners for one kind of event. */
import { optionInvalid } from "../errors.ts";

export class Listeners<T extends readonly unknown[]> {
  readonly #listeners = new Set<(...event: T) => void>();

  /** Adds a listener. The returned function removes it. @throws PushError `option_invalid` */
  readonly add = (listener: (...event: T) => void): (() => void) => {
    if (typeof listener !== "function") throw optionInvalid("listener: must be a function");
    // A new wrapper each time, so that a function added twice is called twice and removed once.
    const entry = (...event: T): void => listener(...event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  };

  /** Calls every listener; returns false if there is none. Errors of listeners go to `report`. */
  emit(event: T, report: (error: unknown) => void): boolean {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...event);
      } catch (error) {
        report(error);
      }
    }
    return this.#listeners.size > 0;
  }
}
