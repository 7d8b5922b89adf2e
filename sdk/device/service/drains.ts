/** When a slot that was detached may be attached again on the same link: when what the mesh sent before Detach has arrived. */
export class Drains {
  readonly #echo: (act: () => void) => void;
  readonly #detached: Set<number>;
  /** By slot: what is called when it is drained. */
  #waiting = new Map<number, () => void>();
  #isStopped = false;

  /**
   * @param echo calls its argument when an echo has come back; never if the link ends first
   * @param detached slots for which messages may still arrive that were sent before Detach
   */
  constructor(echo: (act: () => void) => void, detached: Set<number>) {
    this.#echo = echo;
    this.#detached = detached;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Calls `act` when the slot is drained; not if another `act` is given for it. */
  after(slot: number, act: () => void): void {
    if (this.#isStopped) return;
    const waiting = this.#waiting;
    const isBegun = waiting.has(slot);
    waiting.set(slot, act);
    // One echo for each Detach: a later one of the same would come back after the next Detach, and be taken for its own.
    if (isBegun) return;
    this.#echo(() => {
      if (waiting !== this.#waiting) return;
      const last = waiting.get(slot);
      waiting.delete(slot);
      this.#detached.delete(slot);
      last?.();
    });
  }

  /** Nothing is drained until it is resumed: echoes that are under way do not count. */
  stop(): void {
    this.#waiting = new Map();
    this.#isStopped = true;
  }

  resume(): void {
    this.#isStopped = false;
  }

  /** Another link. */
  clear(): void {
    this.stop();
    this.resume();
    this.#detached.clear();
  }
}
