/** A list of listeners of one kind of event. */
export class Listeners<T> {
  readonly #listeners = new Set<(event: T) => void>();

  /** Adds a listener; the answer removes it. */
  readonly add = (listener: (event: T) => void): (() => void) => {
    // A wrapper of its own, so that a function added twice is called twice and removed once.
    const entry = (event: T): void => listener(event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  };

  /** Calls every listener; false where there is none. What a listener throws goes to `report`. */
  emit(event: T, report: (error: unknown) => void): boolean {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        report(error);
      }
    }
    return this.#listeners.size > 0;
  }
}
