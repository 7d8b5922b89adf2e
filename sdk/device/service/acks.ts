/** Acknowledgements of one turn, gathered into one frame: the highest of each lane, and all that was discarded of it. */
interface Acknowledgement {
  readonly discarded?: readonly number[];
}

export class Acks<T extends Acknowledgement> {
  readonly #send: (acks: readonly T[]) => void;
  readonly #waiting = new Map<
    string,
    { readonly height: number; readonly ack: T; readonly discarded: readonly number[] }
  >();

  constructor(send: (acks: readonly T[]) => void) {
    this.#send = send;
  }

  /**
   * Sends it before the host does anything else: a sender waits for it.
   *
   * @param height Up to where it covers its lane.
   * @param discarded What the app was not given of the lane, if anything.
   */
  add(lane: string, height: number, ack: T, ...discarded: number[]): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.flush());
    const before = this.#waiting.get(lane) ?? { height: -1, ack, discarded: [] };
    const all = [...before.discarded, ...discarded];
    const highest = height < before.height ? before : { height, ack };
    this.#waiting.set(lane, { ...highest, discarded: all });
  }

  flush(): void {
    if (this.#waiting.size === 0) return;
    const acks = [...this.#waiting.values()].map(({ ack, discarded }) =>
      discarded.length === 0 ? ack : { ...ack, discarded },
    );
    this.#waiting.clear();
    this.#send(acks);
  }
}
