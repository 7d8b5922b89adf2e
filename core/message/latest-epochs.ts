/**
 * The latest order that was carried out for each device (a join, a leave, a set): an order that was sent before it, and comes after
 * it, is late and must change nothing. In memory only: an order that arrives later than is remembered here is refused by its `until`.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";

interface Order {
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class LatestEpochs {
  readonly #byDevice: BoundedMap<string, Order>;

  /** @param limit devices remembered */
  constructor(limit: number) {
    this.#byDevice = new BoundedMap(limit);
  }

  /** An order was carried out; an earlier one that comes late does not take its place. */
  add(device: string, epoch: number, now: number): void {
    this.#byDevice.set(device, { epoch: Math.max(epoch, this.of(device, now)), at: now });
    this.#byDevice.dropOldestWhile((order) => !isRecent(order, now));
  }

  /** Epoch of the latest order for a device; 0 for none. */
  of(device: string, now: number): number {
    const order = this.#byDevice.get(device);
    return order !== undefined && isRecent(order, now) ? order.epoch : 0;
  }
}

/** An order from the future is not recent: the clock was set back. */
const isRecent = ({ at }: Order, now: number): boolean =>
  now >= at && now - at <= LIMITS.JOIN_LATE_MS;
