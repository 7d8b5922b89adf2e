/** Logs what is refused before it is a request: strangers can cause any number of refusals, so they are one line a minute, counted by kind. */

const LINE_MS = 60_000;

export class Refusals {
  readonly #log: (line: string) => void;
  readonly #counts = new Map<string, number>();
  /** When the first refusal was counted that is not logged yet. */
  #since = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** @param now monotonic milliseconds */
  count(kind: string, now: number): void {
    if (this.#counts.size === 0) this.#since = now;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Logs the line if it is due: to be called a few times a minute. */
  look(now: number): void {
    if (this.#counts.size === 0 || now - this.#since < LINE_MS) return;
    const kinds = Array.from(this.#counts, ([kind, count]) => `${kind} ${count}`);
    this.#counts.clear();
    this.#log(`refused in the last minute: ${kinds.join(", ")}`);
  }
}
