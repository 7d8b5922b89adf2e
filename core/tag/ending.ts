/** How a broadcast ended at one tag, as its root keeps it, and at all its tags, as its sender is told. */
import { addCounts, noCounts } from "./counts.ts";
import type { BroadcastStatus, FanOutCounts } from "./types.ts";

/** What is written when a broadcast has been served. */
export interface Ending {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly listeners: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Nodes that were given up; absent in what was written before there were debts. */
  readonly unreached?: number;
  /** Other tags whose roots had not taken it; absent for none. */
  readonly owes?: readonly string[];
}

/** What is learned of a broadcast after its row was written. */
export interface Late {
  readonly counts?: FanOutCounts;
  readonly nodes?: number;
  /** Nodes that did not get it in time. */
  readonly unreached: number;
  /** Another tag that is owed it no more. */
  readonly paid?: string;
}

/**
 * @param outcome JSON of an `Ending`
 * @returns the same with more
 */
export function addToEnding(outcome: string, more: Late, now: number): string {
  const { owes = [], ...ending }: Ending = JSON.parse(outcome);
  const counts = noCounts();
  addCounts(counts, ending.counts);
  if (more.counts !== undefined) addCounts(counts, more.counts);
  const left = owes.filter((tag) => tag !== more.paid);
  const sum: Ending = {
    ...{ ...ending, counts, finishedAt: now },
    nodes: ending.nodes + (more.nodes ?? 0),
    unreached: (ending.unreached ?? 0) + more.unreached,
    ...(left.length === 0 ? {} : { owes: left }),
  };
  return JSON.stringify(sum);
}

/** Devices a second. */
export const rateOf = ({ attached }: FanOutCounts, ms: number): number =>
  Math.round((attached * 1_000) / Math.max(ms, 1));

const ORDER = ["accepted", "sending", "sent"] as const;

/** A broadcast to several tags is `sent` when it is at all of them. */
export function joinStatus(a: BroadcastStatus, b: BroadcastStatus | null): BroadcastStatus {
  if (b === null) return a;
  const counts = noCounts();
  addCounts(counts, a);
  addCounts(counts, b);
  const [least, most] = [a, b].map(({ status }) => ORDER.indexOf(status)).sort((x, y) => x - y) as [
    number,
    number,
  ];
  const status = least === most ? a.status : "sending";
  return {
    ...counts,
    status,
    seq: a.seq,
    first: a.first,
    nodes: a.nodes + b.nodes,
    remaining: a.remaining + b.remaining,
    // Of a root that runs code from before there were debts.
    owed: a.owed + (b.owed ?? 0),
    unreached: a.unreached + (b.unreached ?? 0),
    listeners: a.listeners + b.listeners,
    rate: a.rate + b.rate,
    finishedAt: status === "sent" ? Math.max(a.finishedAt ?? 0, b.finishedAt ?? 0) : null,
  };
}
