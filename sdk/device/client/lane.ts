/** One lane of a registration: passes its messages to the handler one after another, in order. */
import type { Host } from "../host.ts";
import type { Incoming } from "./message.ts";

/** A message on its way to the app. */
export interface Delivery {
  /** The link on which it arrived. */
  readonly link: number;
  readonly message: Incoming;
  /** How often the app's handler has failed for it. */
  failures: number;
  /** On the clock of `Host.elapsed`: when it expires; undefined if the mesh did not say. */
  readonly until: number | undefined;
  /** Its sender recalled it before the app got it. */
  withdrawn?: boolean;
}

/** Passes one message to the handler; resolves with the milliseconds until the next attempt, or null when it is done. */
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

  /** Waiting messages, without the one that is being handled. */
  get waiting(): readonly Delivery[] {
    return this.#queue;
  }

  /** The message that is being handled, or was when `clear` dropped the waiting ones. */
  get current(): Delivery | undefined {
    return this.#current;
  }

  push(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#pump();
  }

  /** Whether messages are passed on; otherwise they wait. */
  setOpen(open: boolean): void {
    this.#open = open;
    this.#pump();
  }

  /** The message was withdrawn and does not wait for its next attempt. @returns false if it is not its turn */
  retryNow(delivery: Delivery): boolean {
    if (this.#queue[0] !== delivery || this.#running || !this.#open) return false;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#pump();
    return true;
  }

  /** The link is gone: waiting messages come again on the next one, unless their senders recall them before. */
  clear(): void {
    this.#queue = [];
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Resolves when no message is being handled. */
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
      // After a `clear` the queue is another one, and the message is no longer ours.
      if (retryInMs === null || queue !== this.#queue) continue;
      queue.unshift(delivery);
      this.#cancelRetry = this.#host.after(retryInMs, () => {
        this.#cancelRetry = undefined;
        this.#pump();
      });
    }
    // In the same turn as the last check of the queue; otherwise a message pushed in between would wait for the next one.
    this.#running = false;
  }
}
