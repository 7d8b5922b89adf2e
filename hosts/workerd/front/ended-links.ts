/**
 * Devices with a registration whose links have ended: their objects are awake for a while yet, though their connections are gone.
 * Whoever may register devices could have any number of them awake by links that end at once, so each keeps its place for as long.
 */
import { addressShare } from "../../machine/net/admission/address-share.ts";
import { AwakeObjects } from "./awake.ts";

export interface EndedLinksOptions {
  /** Connections that workerd has descriptors for, each with an object that is awake. */
  readonly capacity: number;
  /** Connections that there are. */
  readonly connections: () => number;
  /** Those of them that give way to nobody. */
  readonly firm: () => number;
  /** Milliseconds that only rise. */
  readonly now: () => number;
}

export class EndedLinks {
  readonly #options: EndedLinksOptions;
  readonly #awake: AwakeObjects;

  constructor(options: EndedLinksOptions) {
    this.#options = options;
    this.#awake = new AwakeObjects(options.now);
  }

  /** How many are awake. */
  get size(): number {
    return this.#awake.size;
  }

  /**
   * Whether a device may open a link. One that comes back takes its own place; any other needs one, and its network may have left no
   * more than a part of what is free then (see Strangers): all devices of an office may go, and all may come back. What gives way is free.
   *
   * @param displace has another connection give way
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
    // Of more there are no descriptors for, and none was let in.
    if (this.#awake.size < this.#options.capacity) this.#awake.add(device, address);
  }
}
