/** The tags of all registrations of a device, in memory. */
import type { Subscription } from "./subscription.ts";

export class SubscriptionTable {
  /** By slot and tag. */
  readonly #bySlot = new Map<number, Map<string, Subscription>>();
  readonly #byRef = new Map<number, Subscription>();

  /** All tags of a slot, including those being left. */
  in(slot: number): Iterable<Subscription> {
    return this.#bySlot.get(slot)?.values() ?? [];
  }

  /** The number of these. */
  count(slot: number): number {
    return this.#bySlot.get(slot)?.size ?? 0;
  }

  /** The tag, if the app wants to be in it. */
  find(slot: number, tag: string): Subscription | undefined {
    const one = this.rowOf(slot, tag);
    return one?.wanted === true ? one : undefined;
  }

  /** The tag, wanted or being left. */
  rowOf(slot: number, tag: string): Subscription | undefined {
    return this.#bySlot.get(slot)?.get(tag);
  }

  /** The tag with this ref, if the app wants to be in it. */
  byRef(slot: number, ref: number): Subscription | undefined {
    const one = this.#byRef.get(ref);
    return one?.record.slot === slot && one.wanted ? one : undefined;
  }

  /** The tag with this ref, of any slot. */
  known(ref: number): Subscription | undefined {
    return this.#byRef.get(ref);
  }

  /** All tags that have a row. */
  all(): Iterable<Subscription> {
    return this.#byRef.values();
  }

  /** @param isInSlot false for a tag that an earlier life of the registration is leaving */
  add(one: Subscription, isInSlot: boolean): void {
    const { slot, tag, ref } = one.record;
    this.#byRef.set(ref, one);
    if (!isInSlot) return;
    const inSlot = this.#bySlot.get(slot) ?? new Map<string, Subscription>();
    this.#bySlot.set(slot, inSlot.set(tag, one));
  }

  /** Another life of the registration begins: the tag becomes one that the previous life is leaving. */
  removeFromSlot({ record }: Subscription): void {
    this.#bySlot.get(record.slot)?.delete(record.tag);
  }

  /** @returns false if it was not in the table */
  delete(one: Subscription): boolean {
    const { slot, tag, ref } = one.record;
    if (this.#byRef.get(ref) !== one) return false;
    this.#byRef.delete(ref);
    if (this.rowOf(slot, tag) === one) this.#bySlot.get(slot)?.delete(tag);
    return true;
  }
}
