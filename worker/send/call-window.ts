/** Bounds the calls of one request that are under way. */

/** A call that takes longer waits for its device, which may take seconds, and holds up no others. */
const FRESH_MS = 100;

export class CallWindow {
  readonly #count: number;
  #allowed: number;
  #open = 0;
  /** Waits for room, or for the end of all calls. */
  #waiting: { readonly until: number; readonly resolve: () => void } | null = null;

  /** @param count calls under way that are fresh */
  constructor(count: number) {
    this.#count = count;
    this.#allowed = count;
  }

  get isFull(): boolean {
    return this.#open >= this.#allowed;
  }

  began(): void {
    this.#open++;
  }

  ended(): void {
    this.#open--;
    const waiting = this.#waiting;
    if (waiting === null || this.#open > waiting.until) return;
    this.#waiting = null;
    waiting.resolve();
  }

  /** Resolves when one more call may begin: when one has ended, or those under way are no longer fresh. */
  async room(): Promise<void> {
    const old = setTimeout(() => {
      this.#allowed = this.#open + this.#count;
      this.#resolve();
    }, FRESH_MS);
    await this.#until(this.#allowed - 1);
    clearTimeout(old);
  }

  /** Resolves when no call is under way, or after `ms`. */
  async empty(ms: number): Promise<void> {
    if (this.#open === 0) return;
    const late = setTimeout(() => this.#resolve(), ms);
    await this.#until(0);
    clearTimeout(late);
  }

  #until(until: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { until, resolve };
    });
  }

  #resolve(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
