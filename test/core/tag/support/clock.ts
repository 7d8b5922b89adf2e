/** Time that passes only when everybody waits. */
export class VirtualClock {
  now = 1_790_000_000_000;
  #timers: { at: number; resolve: () => void }[] = [];

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.#timers.push({ at: this.now + ms, resolve });
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
    this.now = Math.max(this.now, next.at);
    next.resolve();
    return true;
  }
}
