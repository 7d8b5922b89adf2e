/** Time that passes only when everybody waits. */

/** What takes longer will not end. */
const LONGEST_MS = 172_800_000;

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

  /** Rejects where the promise is not settled after this time; no timer is left where it is. */
  async withTimeout<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
    let timer = { at: 0, resolve: () => {} };
    const late = new Promise<never>((_, reject) => {
      const resolve = () => reject(new Error(`no answer for ${ms} ms`));
      timer = { at: this.#elapsed + ms, resolve };
      this.#timers.push(timer);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      this.#timers = this.#timers.filter((each) => each !== timer);
    }
  }

  /** Resolves with what the promise does, letting time pass for it. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    const latest = this.#elapsed + LONGEST_MS;
    let done = false;
    const end = () => {
      done = true;
    };
    promise.then(end, end);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done) return promise;
      if (!this.#step()) throw new Error("everybody waits for ever");
      if (this.#elapsed > latest) throw new Error("it waits for days");
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
