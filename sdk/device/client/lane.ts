/** One lane of a registration: hands its messages over one after another, in order. */
import type { Host } from "../host.ts";
import type { Incoming } from "./message.ts";

/** A message on its way to the app. */
export interface Delivery {
  /** The link it came on. */
  readonly link: number;
  readonly message: Incoming;
  /** How often the app's handler has failed on it. */
  failures: number;
  /** By `Host.elapsed`: when it must not be handed over any more; undefined where the mesh did not say. */
  readonly until: number | undefined;
  /** Its sender has taken it back before the app was given it. */
  withdrawn?: boolean;
}

/** Hands one message over; resolves with the milliseconds after which to try it again, or null when it is done. */
export type Take = (delivery: Delivery) => Promise<number | null>;

export class Lane {
  readonly #host: Host;
  readonly #take: Take;
  #queue: Delivery[] = [];
  #running = false;
  #ran: Promise<void> = Promise.resolve();
  #cancelRetry: (() => void) | undefined;
  #open = false;
  #current: Delivery | undefined;

  constructor(host: Host, take: Take) {
    this.#host = host;
    this.#take = take;
  }

  /** Messages waiting, without the one that is being handed over. */
  get waiting(): readonly Delivery[] {
    return this.#queue;
  }

  /** The message that is being handed over, or was when `clear` dropped what waits. */
  get current(): Delivery | undefined {
    return this.#current;
  }

  push(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#pump();
  }

  /** Whether messages are handed over; while not, they wait. */
  setOpen(open: boolean): void {
    this.#open = open;
    this.#pump();
  }

  /** It was withdrawn and does not wait for its next try. @returns false where it is not its turn */
  hurry(delivery: Delivery): boolean {
    if (this.#queue[0] !== delivery || this.#running || !this.#open) return false;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#pump();
    return true;
  }

  /** The link is gone: what waits will come again on the next one, unless its sender took it back by then. */
  clear(): void {
    this.#queue = [];
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Resolves when no message is being handed over. */
  idle(): Promise<void> {
    return this.#ran;
  }

  #pump(): void {
    if (!this.#running) this.#ran = this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#open && this.#cancelRetry === undefined) {
      const queue = this.#queue;
      const delivery = queue.shift();
      if (delivery === undefined) break;
      this.#current = delivery;
      const retryInMs = await this.#take(delivery);
      this.#current = undefined;
      // After a `clear` the queue is another one, and the message no more ours.
      if (retryInMs === null || queue !== this.#queue) continue;
      queue.unshift(delivery);
      this.#cancelRetry = this.#host.after(retryInMs, () => {
        this.#cancelRetry = undefined;
        this.#pump();
      });
    }
    // In the same turn as the last look at the queue, or a message pushed in between would wait for the next one.
    this.#running = false;
  }
}
