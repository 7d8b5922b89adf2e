/** Decides whether a broadcast is for this device. */
import { matchesCondition, matchesFilter } from "../../condition/evaluate.ts";
import { EVERYONE, type Granted } from "../../condition/types.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry } from "../../tag/calls/broadcast.ts";
import type { Replacement } from "../../tag/calls/membership.ts";
import type { AttributeCache } from "./attributes.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

export class Audience {
  readonly #table: SubscriptionTable;
  readonly #attributes: AttributeCache;
  readonly #granted: (slot: number) => Granted;

  constructor(
    table: SubscriptionTable,
    attributes: AttributeCache,
    granted: (slot: number) => Granted,
  ) {
    this.#table = table;
    this.#attributes = attributes;
    this.#granted = granted;
  }

  /** Whether a later broadcast with its collapse key is for this device, too. A ttl 0 broadcast replaces nothing. */
  isReplaced(
    subscription: Subscription,
    { position, collapseKey }: LogEntry,
    later: readonly (Replacement | LogEntry)[],
  ): boolean {
    if (collapseKey === null) return false;
    return later.some(
      (each) =>
        each.position > position &&
        each.collapseKey === collapseKey &&
        !("seq" in each && isNowOrNever(each.seq)) &&
        this.includes(subscription, each),
    );
  }

  /** Whether its condition and its filter match this device. */
  includes(
    subscription: Subscription,
    { condition, filter }: Pick<LogEntry, "condition" | "filter">,
  ): boolean {
    const { slot } = subscription.record;
    const isMember = (tag: string) => tag === EVERYONE || this.#table.find(slot, tag) !== undefined;
    return (
      matchesCondition(condition, isMember) &&
      (filter === null || matchesFilter(filter, this.#attributes.of(slot), this.#granted(slot)))
    );
  }
}
