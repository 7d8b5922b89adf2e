/**
 * The device's cursors in its tags, stored without rows of their own: in the link's row, which is written when a link opens and when
 * it is lost, and in between in the socket's attachment.
 */
import type { Cursor } from "../../../schema/generated/link.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** Cursors kept in the attachment: 1.1 KB, as positions begin at the time in milliseconds. With more, the link's row is written. */
export const SNAPSHOT_CURSORS = 40;

export class Cursors {
  readonly #table: SubscriptionTable;
  /** Cursors that moved since the link's row was written. */
  readonly #moved = new Set<Subscription>();
  #version = 0;

  constructor(table: SubscriptionTable) {
    this.#table = table;
  }

  /** Changes whenever `snapshot` changes. */
  get version(): number {
    return this.#version;
  }

  /** Whether more cursors have moved than the attachment should hold. */
  get isOverfull(): boolean {
    return this.#moved.size > SNAPSHOT_CURSORS;
  }

  load(cursors: Readonly<Record<number, number>>): void {
    for (const subscription of this.#table.all())
      subscription.cursor = cursors[subscription.record.ref] ?? null;
  }

  /** Takes the cursors of the device's Hello; ignores those of tags that it is not in. */
  claim(cursors: readonly Cursor[]): void {
    for (const { slot, tagRef, position } of cursors) {
      const subscription = this.#table.findByRef(slot, tagRef);
      if (subscription !== undefined && position > (subscription.cursor ?? -1))
        subscription.claimedCursor = position;
    }
  }

  /** A value that must survive a sleep has changed. */
  markMoved(subscription: Subscription): void {
    this.#moved.add(subscription);
    this.#version++;
  }

  /** Moves the cursor over finished broadcasts at the front. */
  advance(subscription: Subscription): void {
    const { cursor } = subscription;
    subscription.advance();
    if (subscription.cursor !== cursor) this.markMoved(subscription);
  }

  /** The cursors for the link's row, which is now written; undefined for none. */
  save(): Record<number, number> | undefined {
    const cursors: Record<number, number> = {};
    for (const { record, cursor } of this.#table.all()) {
      if (cursor !== null) cursors[record.ref] = cursor;
    }
    if (this.#moved.size > 0) this.#version++;
    this.#moved.clear();
    return Object.keys(cursors).length === 0 ? undefined : cursors;
  }

  /** For the attachment: ref, cursor and last sent position of each cursor that moved. */
  snapshot(): number[] {
    const flat: number[] = [];
    for (const subscription of this.#moved) {
      if (!subscription.wanted || subscription.cursor === null) continue;
      // The last sent position as a difference to the cursor: one byte instead of eight.
      const beyond = Math.max(subscription.sentUpTo - subscription.cursor, 0);
      flat.push(
        subscription.record.ref,
        subscription.cursor,
        beyond < subscription.cursor ? beyond : subscription.sentUpTo,
      );
    }
    return flat;
  }

  restore(flat: readonly number[]): void {
    for (let at = 0; at + 2 < flat.length; at += 3) {
      const [ref = 0, taken = 0, told = 0] = flat.slice(at, at + 3);
      // An older version stored the position itself; so does this one if the difference is not below the cursor.
      const sent = told < taken ? taken + told : told;
      const subscription = this.#table.getByRef(ref);
      if (subscription === undefined) continue;
      subscription.cursor = taken;
      subscription.sentBeforeSleep = sent > taken ? sent : 0;
      this.#moved.add(subscription);
    }
  }
}
