/**
 * The latest order that an alias carried out for each device: one that comes after it, and was sent before, is late. In memory
 * only: a holder's own is in the alias's row, and a set that comes later than is remembered here is refused by its `until`.
 */
import { LIMITS } from "../../schema/limits.ts";

interface Order {
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Orders {
  /** By device, oldest first. */
  readonly #byDevice = new Map<string, Order>();

  add(device: string, epoch: number, now: number): void {
    const before = this.latest(device, now);
    this.#byDevice.delete(device);
    this.#byDevice.set(device, { epoch: Math.max(epoch, before), at: now });
    for (const [oldest, order] of this.#byDevice) {
      if (this.#byDevice.size <= LIMITS.ALIAS_ORDERS && isLately(order, now)) break;
      this.#byDevice.delete(oldest);
    }
  }

  /** Epoch of the latest; 0 for none. */
  latest(device: string, now: number): number {
    const order = this.#byDevice.get(device);
    return order !== undefined && isLately(order, now) ? order.epoch : 0;
  }
}

/** Not where the clock was set back, either. */
const isLately = ({ at }: Order, now: number): boolean =>
  now >= at && now - at <= LIMITS.JOIN_LATE_MS;
