/** Time of a simulation: it stands still while anything can be done, and jumps to the next moment when nothing can. */

interface Timer {
  readonly at: number;
  /** Those of one moment come in the order in which they were set. */
  readonly order: number;
  readonly run: () => void;
}

/** Moments after which whatever else the process does gets a turn. */
const TURNS = 1_000;

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

export class Clock {
  #now: number;
  #orders = 0;
  /** A heap, the next one on top. */
  readonly #timers: Timer[] = [];

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** A moment that has passed is now. */
  at(time: number, run: () => void): void {
    this.#push({ at: Math.max(time, this.#now), order: this.#orders++, run });
  }

  /** Resolves at a moment. */
  until(time: number): Promise<void> {
    return new Promise((resolve) => this.at(time, resolve));
  }

  /**
   * Lets time pass until the promise is settled.
   *
   * @throws Error where it waits for something that does not come
   */
  async run<Value>(promise: Promise<Value>): Promise<Value> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    for (let turns = 1; ; turns++) {
      // All that can go on without time passing: Node runs this when no promise is left that could. Another turn of the event loop
      // for each moment took most of the time on a busy machine.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      if (turns % TURNS === 0) await new Promise((resolve) => setImmediate(resolve));
      if (settled) return await promise;
      const next = this.#pop();
      if (next === undefined) throw new Error("the simulation waits for nothing");
      this.#now = next.at;
      next.run();
      while (this.#timers[0]?.at === this.#now) this.#pop()?.run();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const above = heap[(at - 1) >> 1];
      if (above === undefined || isBefore(above, timer)) break;
      heap[at] = above;
      at = (at - 1) >> 1;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}
