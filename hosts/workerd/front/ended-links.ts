/**
 * Counts registered devices whose links have ended: their objects stay awake for a while after their connections are closed. A client
 * that may register devices could keep any number of them awake by links that end at once, so each counts as long as it is awake.
 */
import { addressShare } from "../../machine/net/admission/address-share.ts";
import { AwakeObjects } from "./awake.ts";

interface EndedLinksOptions {
  /** Connections that workerd has descriptors for, each with an awake object. */
  readonly capacity: number;
  /** Number of connections. */
  readonly connections: () => number;
  /** Number of connections that are never shed. */
  readonly firm: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class EndedLinks {
  readonly #options: EndedLinksOptions;
  readonly #awake: AwakeObjects;

  constructor(options: EndedLinksOptions) {
    this.#options = options;
    this.#awake = new AwakeObjects(options.now);
  }

  get size(): number {
    return this.#awake.size;
  }

  /**
   * Whether a device may open a link. A device that reconnects takes its own place. Any other needs a free one, and the places that its
   * network keeps after ended links are limited to a share of the free ones (see Strangers), so that all devices of an office can
   * disconnect and reconnect. Connections that can be shed count as free.
   *
   * @param displace sheds another connection; returns false if none may be shed
   */
  admits(device: string, address: string, displace: () => boolean): boolean {
    if (this.#awake.has(device)) return true;
    const left = this.#awake.countOf(address);
    const { capacity, connections, firm } = this.#options;
    const free = capacity - firm() - this.#awake.size;
    const part = addressShare(address);
    if (left === 0 ? free <= 0 : left + 1 > (free * part) / (1 - part)) return false;
    return connections() + this.#awake.size <= capacity || displace();
  }

  began(device: string): void {
    this.#awake.remove(device);
  }

  ended(device: string, address: string): void {
    // No more links than this were admitted.
    if (this.#awake.size < this.#options.capacity) this.#awake.add(device, address);
  }
}
