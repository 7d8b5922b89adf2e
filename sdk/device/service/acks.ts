/** Acknowledgements of one turn, gathered into one frame: the highest seq of each lane. */
import type { Ack } from "../../../schema/generated/link.ts";

export class Acks {
  readonly #send: (acks: readonly Ack[]) => void;
  readonly #waiting = new Map<string, Ack>();

  constructor(send: (acks: readonly Ack[]) => void) {
    this.#send = send;
  }

  /** Sends it before the host does anything else: a sender waits for it. */
  add(ack: Ack): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.flush());
    const lane = `${ack.slot}/${ack.priority}`;
    const seq = Math.max(ack.seq, this.#waiting.get(lane)?.seq ?? 0);
    this.#waiting.set(lane, { ...ack, seq });
  }

  flush(): void {
    if (this.#waiting.size === 0) return;
    const acks = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#send(acks);
  }
}
