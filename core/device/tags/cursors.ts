/**
 * How far the device has come in its tags, kept without a row of its own: in the link's row, which is written when a link
 * opens and when it is lost, and between with the socket.
 */
import type { Cursor } from "../../../schema/generated/link.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** Cursors that are kept with the socket: 1.1 KB of its attachment, as positions begin at the time in milliseconds. Beyond, the link's row is written. */
export const SNAPSHOT_CURSORS = 40;

export class Cursors {
  readonly #table: SubscriptionTable;
  /** Those that have moved since the link's row was written. */
  readonly #moved = new Set<Subscription>();
  #version = 0;

  constructor(table: SubscriptionTable) {
    this.#table = table;
  }

  /** Changes whenever `snapshot` would. */
  get version(): number {
    return this.#version;
  }

  /** Whether more have moved than the socket should keep. */
  get isOverfull(): boolean {
    return this.#moved.size > SNAPSHOT_CURSORS;
  }

  load(cursors: Readonly<Record<number, number>>): void {
    for (const one of this.#table.all()) one.taken = cursors[one.record.ref] ?? null;
  }

  /** What the device says of itself; what it says of tags that it is not in is passed over. */
  claim(cursors: readonly Cursor[]): void {
    for (const { slot, tagRef, position } of cursors) {
      const one = this.#table.byRef(slot, tagRef);
      if (one !== undefined && position > (one.taken ?? -1)) one.claimed = position;
    }
  }

  /** What is to outlast a sleep of it has changed. */
  moved(one: Subscription): void {
    this.#moved.add(one);
    this.#version++;
  }

  /** Moves the cursor over all that is done at the front. */
  advance(one: Subscription): void {
    const { taken } = one;
    one.advance();
    if (one.taken !== taken) this.moved(one);
  }

  /** For the link's row: after this nothing has moved. Undefined where nothing is known. */
  save(): Record<number, number> | undefined {
    const cursors: Record<number, number> = {};
    for (const { record, taken } of this.#table.all()) {
      if (taken !== null) cursors[record.ref] = taken;
    }
    if (this.#moved.size > 0) this.#version++;
    this.#moved.clear();
    return Object.keys(cursors).length === 0 ? undefined : cursors;
  }

  /** For the socket: of each that moved its ref, its cursor, and what is sent beyond that and not acknowledged. */
  snapshot(): number[] {
    const flat: number[] = [];
    for (const one of this.#moved) {
      if (!one.wanted || one.taken === null) continue;
      // Positions are large, and what is sent is little beyond: as a difference it takes a byte, not eight.
      const beyond = Math.max(one.sentUpTo - one.taken, 0);
      flat.push(one.record.ref, one.taken, beyond < one.taken ? beyond : one.sentUpTo);
    }
    return flat;
  }

  restore(flat: readonly number[]): void {
    for (let at = 0; at + 2 < flat.length; at += 3) {
      const [ref = 0, taken = 0, told = 0] = flat.slice(at, at + 3);
      // What an older version kept is no difference, nor is what would be none below the cursor.
      const sent = told < taken ? taken + told : told;
      const one = this.#table.known(ref);
      if (one === undefined) continue;
      one.taken = taken;
      one.slept = sent > taken ? sent : 0;
      this.#moved.add(one);
    }
  }
}
