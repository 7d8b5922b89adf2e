/**
 * What became of broadcasts that a later, more urgent one brought along, of each member: they are counted by their own passes,
 * which begin later or find the member served.
 */
import type { Member } from "../members/members.ts";
import type { DeliverOutcome } from "../types.ts";

/** How a member can be counted. */
export type End = Exclude<DeliverOutcome, "unknown"> | "failed" | "owed";

export class Brought {
  /** By position: those that are not counted yet. */
  readonly #ends = new Map<number, Map<Member, End>>();

  of(position: number, member: Member): End | undefined {
    return this.#ends.get(position)?.get(member);
  }

  add(position: number, member: Member, end: End): void {
    const ends = this.#ends.get(position) ?? new Map<Member, End>();
    this.#ends.set(position, ends);
    ends.set(member, end);
  }

  /** The broadcast has been counted. */
  drop(position: number): void {
    this.#ends.delete(position);
  }
}
