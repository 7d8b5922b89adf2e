/** Sums of outcomes of a broadcast. */
import type { FanOutCounts } from "../calls/broadcast.ts";

/** Counts that can still change. */
export type Counting = { -readonly [Name in keyof FanOutCounts]: number };

export const noCounts = (): Counting => ({
  members: 0,
  attached: 0,
  delivered: 0,
  acknowledged: 0,
  filtered: 0,
  deferred: 0,
  offline: 0,
  failed: 0,
  owed: 0,
  expired: 0,
  collapsed: 0,
});

export function addCounts(sum: Counting, more: FanOutCounts): void {
  for (const name of Object.keys(sum) as (keyof FanOutCounts)[]) {
    // An older version does not count all of them.
    sum[name] += more[name] ?? 0;
  }
}
