/** What a benchmark's device can do, whichever server it speaks to. */

/** The two servers that are measured against each other. */
export type SideName = "mesh" | "control";
export const SIDES: readonly SideName[] = ["mesh", "control"];

/** `replay`: something waits for the device. `answering`: the control's device answers what it gets, as the mesh's always does. */
export type LinkKind = "bare" | "replay" | "answering";

export interface BenchDevice {
  /** What a sender puts into its request to reach this device. */
  readonly target: string;
  /** Messages received since it was made. */
  readonly received: number;
  /** Makes it known to its server, and leaves it without a link. */
  prepare(): Promise<void>;
  /** Resolves when messages can arrive. The kind is for the control's device. */
  connect(kind: LinkKind): Promise<void>;
  disconnect(): void;
  /** Resolves with the answer to one heartbeat. */
  ping(): Promise<void>;
  /** Resolves when `received` has reached `count`. */
  until(count: number): Promise<void>;
}

/** Counts what all devices of one side receive, and tells when it is enough. */
export class Tally {
  #count = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #reached: () => void = () => {};

  add(messages: number): void {
    this.#count += messages;
    if (this.#count < this.#wanted) return;
    this.#wanted = Number.POSITIVE_INFINITY;
    this.#reached();
  }

  /** Resolves when so many more have come than had been waited for before. */
  more(messages: number): Promise<void> {
    this.#count -= messages;
    if (this.#count >= 0) return Promise.resolve();
    this.#wanted = 0;
    return new Promise((resolve) => {
      this.#reached = resolve;
    });
  }
}

/** A promise that somebody else fulfils. */
interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What both kinds of device have in common: counting, and failing whoever waits when the link is lost. */
export class DeviceEvents {
  received = 0;
  readonly #tally: Tally;
  #count: (Waiting & { readonly at: number }) | null = null;
  #pong: Waiting | null = null;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  countMessages(messages: number): void {
    this.received += messages;
    this.#tally.add(messages);
    if (this.#count === null || this.received < this.#count.at) return;
    this.#count.resolve();
    this.#count = null;
  }

  until(count: number): Promise<void> {
    if (this.received >= count) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#count = { at: count, resolve, reject };
    });
  }

  pong(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pong = { resolve, reject };
    });
  }

  onText(): void {
    this.#pong?.resolve();
    this.#pong = null;
  }

  onClose(reason: string): void {
    const error = new Error(`a device lost its link: ${reason}`);
    if (this.#pong === null && this.#count === null) throw error;
    this.#pong?.reject(error);
    this.#count?.reject(error);
  }
}
