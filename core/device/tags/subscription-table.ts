/** The tags of all registrations of a device, in memory. */
import type { Subscription } from "./subscription.ts";

export class SubscriptionTable {
  /** By slot and tag. */
  readonly #bySlot = new Map<number, Map<string, Subscription>>();
  readonly #byRef = new Map<number, Subscription>();

  /** All tags of a slot, including those being left. */
  inSlot(slot: number): Iterable<Subscription> {
    return this.#bySlot.get(slot)?.values() ?? [];
  }

  /** The number of these. */
  count(slot: number): number {
    return this.#bySlot.get(slot)?.size ?? 0;
  }

  /** The tag, if the app wants to be in it. */
  find(slot: number, tag: string): Subscription | undefined {
    const subscription = this.get(slot, tag);
    return subscription?.wanted === true ? subscription : undefined;
  }

  /** The tag, wanted or being left. */
  get(slot: number, tag: string): Subscription | undefined {
    return this.#bySlot.get(slot)?.get(tag);
  }

  /** The tag with this ref, if the app wants to be in it. */
  findByRef(slot: number, ref: number): Subscription | undefined {
    const subscription = this.#byRef.get(ref);
    return subscription?.record.slot === slot && subscription.wanted ? subscription : undefined;
  }

  /** The tag with this ref, of any slot. */
  getByRef(ref: number): Subscription | undefined {
    return this.#byRef.get(ref);
  }

  /** All tags that have a row. */
  all(): Iterable<Subscription> {
    return this.#byRef.values();
  }

  /** @param isInSlot false for a tag that an earlier life of the registration is leaving */
  add(subscription: Subscription, isInSlot: boolean): void {
    const { slot, tag, ref } = subscription.record;
    this.#byRef.set(ref, subscription);
    if (!isInSlot) return;
    const inSlot = this.#bySlot.get(slot) ?? new Map<string, Subscription>();
    this.#bySlot.set(slot, inSlot.set(tag, subscription));
  }

  /** Another life of the registration begins: the tag becomes one that the previous life is leaving. */
  removeFromSlot({ record }: Subscription): void {
    this.#bySlot.get(record.slot)?.delete(record.tag);
  }

  /** @returns false if it was not in the table */
  delete(subscription: Subscription): boolean {
    const { slot, tag, ref } = subscription.record;
    if (this.#byRef.get(ref) !== subscription) return false;
    this.#byRef.delete(ref);
    if (this.get(slot, tag) === subscription) this.#bySlot.get(slot)?.delete(tag);
    return true;
  }
}
