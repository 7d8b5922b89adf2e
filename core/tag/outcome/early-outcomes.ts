/**
 * Outcomes that members reported early, because a later, more urgent broadcast was sent together with earlier ones. The fan-outs of the
 * earlier ones count them when they start, or when they find the member served.
 */
import type { DeliverOutcome } from "../calls/fan-out.ts";
import type { Member } from "../members/members.ts";

/** How a member can be counted. */
export type MemberOutcome = Exclude<DeliverOutcome, "unknown"> | "failed" | "owed";

export class EarlyOutcomes {
  /** Not counted yet, by position. */
  readonly #outcomes = new Map<number, Map<Member, MemberOutcome>>();

  of(position: number, member: Member): MemberOutcome | undefined {
    return this.#outcomes.get(position)?.get(member);
  }

  add(position: number, member: Member, outcome: MemberOutcome): void {
    const outcomes = this.#outcomes.get(position) ?? new Map<Member, MemberOutcome>();
    this.#outcomes.set(position, outcomes);
    outcomes.set(member, outcome);
  }

  /** The broadcast has been counted. */
  drop(position: number): void {
    this.#outcomes.delete(position);
  }
}
