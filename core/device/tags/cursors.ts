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
    for (const one of this.#table.all()) one.taken = cursors[one.record.ref] ?? null;
  }

  /** Takes the cursors of the device's Hello; ignores those of tags that it is not in. */
  claim(cursors: readonly Cursor[]): void {
    for (const { slot, tagRef, position } of cursors) {
      const one = this.#table.byRef(slot, tagRef);
      if (one !== undefined && position > (one.taken ?? -1)) one.claimed = position;
    }
  }

  /** A value that must survive a sleep has changed. */
  moved(one: Subscription): void {
    this.#moved.add(one);
    this.#version++;
  }

  /** Moves the cursor over finished broadcasts at the front. */
  advance(one: Subscription): void {
    const { taken } = one;
    one.advance();
    if (one.taken !== taken) this.moved(one);
  }

  /** The cursors for the link's row, which is now written; undefined for none. */
  save(): Record<number, number> | undefined {
    const cursors: Record<number, number> = {};
    for (const { record, taken } of this.#table.all()) {
      if (taken !== null) cursors[record.ref] = taken;
    }
    if (this.#moved.size > 0) this.#version++;
    this.#moved.clear();
    return Object.keys(cursors).length === 0 ? undefined : cursors;
  }

  /** For the attachment: ref, cursor and last sent position of each cursor that moved. */
  snapshot(): number[] {
    const flat: number[] = [];
    for (const one of this.#moved) {
      if (!one.wanted || one.taken === null) continue;
      // The last sent position as a difference to the cursor: one byte instead of eight.
      const beyond = Math.max(one.sentUpTo - one.taken, 0);
      flat.push(one.record.ref, one.taken, beyond < one.taken ? beyond : one.sentUpTo);
    }
    return flat;
  }

  restore(flat: readonly number[]): void {
    for (let at = 0; at + 2 < flat.length; at += 3) {
      const [ref = 0, taken = 0, told = 0] = flat.slice(at, at + 3);
      // An older version stored the position itself; so does this one if the difference is not below the cursor.
      const sent = told < taken ? taken + told : told;
      const one = this.#table.known(ref);
      if (one === undefined) continue;
      one.taken = taken;
      one.slept = sent > taken ? sent : 0;
      this.#moved.add(one);
    }
  }
}
