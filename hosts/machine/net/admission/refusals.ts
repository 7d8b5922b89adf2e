/**
 * What was refused before it was a request, for the log: strangers can cause any number of it, so it is counted by kind and
 * told in one line a minute.
 */

const LINE_MS = 60_000;

export class Refusals {
  readonly #log: (line: string) => void;
  readonly #counts = new Map<string, number>();
  /** When the first was counted that has not been told. */
  #since = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** @param now milliseconds that only rise */
  count(kind: string, now: number): void {
    if (this.#counts.size === 0) this.#since = now;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Writes the line where one is due: to be called a few times a minute. */
  look(now: number): void {
    if (this.#counts.size === 0 || now - this.#since < LINE_MS) return;
    const kinds = Array.from(this.#counts, ([kind, count]) => `${kind} ${count}`);
    this.#counts.clear();
    this.#log(`refused in the last minute: ${kinds.join(", ")}`);
  }
}
