/** Decides whether a broadcast is for this device. */
import { matchesCondition, matchesFilter } from "../../condition/evaluate.ts";
import { EVERYONE } from "../../condition/types.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry, Replacement } from "../../tag/types.ts";
import type { AttributeBook } from "./attributes.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

export class Audience {
  readonly #table: SubscriptionTable;
  readonly #attributes: AttributeBook;

  constructor(table: SubscriptionTable, attributes: AttributeBook) {
    this.#table = table;
    this.#attributes = attributes;
  }

  /** Whether a later broadcast with its collapse key is for this device, too. A ttl 0 broadcast replaces nothing. */
  isReplaced(
    one: Subscription,
    { position, collapseKey }: LogEntry,
    later: readonly (Replacement | LogEntry)[],
  ): boolean {
    if (collapseKey === null) return false;
    return later.some(
      (each) =>
        each.position > position &&
        each.collapseKey === collapseKey &&
        !("seq" in each && isNowOrNever(each.seq)) &&
        this.has(one, each),
    );
  }

  /** Whether its condition and its filter match this device. */
  has(one: Subscription, { condition, filter }: Pick<LogEntry, "condition" | "filter">): boolean {
    const { slot } = one.record;
    const isMember = (tag: string) => tag === EVERYONE || this.#table.find(slot, tag) !== undefined;
    return (
      matchesCondition(condition, isMember) &&
      (filter === null || matchesFilter(filter, this.#attributes.of(slot)))
    );
  }
}
