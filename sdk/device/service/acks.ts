/** Acknowledgements of one turn, gathered into one frame: the highest of each lane. */
export class Acks<T> {
  readonly #send: (acks: readonly T[]) => void;
  readonly #waiting = new Map<string, { readonly height: number; readonly ack: T }>();

  constructor(send: (acks: readonly T[]) => void) {
    this.#send = send;
  }

  /**
   * Sends it before the host does anything else: a sender waits for it.
   *
   * @param height Up to where it covers its lane.
   */
  add(lane: string, height: number, ack: T): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.flush());
    if (height < (this.#waiting.get(lane)?.height ?? 0)) return;
    this.#waiting.set(lane, { height, ack });
  }

  flush(): void {
    if (this.#waiting.size === 0) return;
    const acks = [...this.#waiting.values()].map(({ ack }) => ack);
    this.#waiting.clear();
    this.#send(acks);
  }
}
