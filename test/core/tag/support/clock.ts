/** Time that passes only when everybody waits. */
export class VirtualClock {
  #elapsed = 0;
  #offset = 1_790_000_000_000;
  #timers: { at: number; resolve: () => void }[] = [];

  /** Milliseconds since 1970, as far as anybody can see. */
  get now(): number {
    return this.#offset + this.#elapsed;
  }

  /** Somebody sets the clock; what sleeps does not notice. */
  setBack(ms: number): void {
    this.#offset -= ms;
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.#timers.push({ at: this.#elapsed + ms, resolve });
    });

  /** Resolves with what the promise does, letting time pass for it. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let done = false;
    const end = () => {
      done = true;
    };
    promise.then(end, end);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done) return promise;
      if (!this.#step()) throw new Error("everybody waits for ever");
    }
  }

  /** Lets some time pass. */
  pass(ms: number): Promise<void> {
    return this.until(this.sleep(ms));
  }

  #step(): boolean {
    this.#timers.sort((a, b) => a.at - b.at);
    const next = this.#timers.shift();
    if (next === undefined) return false;
    this.#elapsed = Math.max(this.#elapsed, next.at);
    next.resolve();
    return true;
  }
}
