/** How a broadcast ended at one tag, as its root keeps it, and at all its tags, as its sender is told. */
import type { BroadcastStatus, FanOutCounts, OwingNodes } from "../types.ts";
import { addCounts, type Counting, noCounts } from "./counts.ts";
import type { MemberOutcome } from "./early-outcomes.ts";

/** Members that could not be called yet. */
export interface Owing {
  /** Their places; absent for none. */
  readonly owing?: readonly number[];
}

/** What a node other than the root writes when it has served a broadcast. */
export type NodeOutcome = FanOutCounts & Owing;

/** What the root writes then. */
export interface TreeOutcome extends Owing {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly listeners: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Nodes that were given up; absent in what was written before there were debts. */
  readonly unreached?: number;
  /** Other tags whose roots had not taken it; absent for none. */
  readonly owes?: readonly string[];
  /** Other tags that never took it: it expired first, or their root refused it. Absent for none. */
  readonly missed?: readonly string[];
  /** Nodes that owe it to members of theirs, with what of them is in `counts`; absent for none. */
  readonly owingNodes?: OwingNodes;
}

/** Whether somebody is still owed something, by the JSON of a `NodeOutcome` or of an `Ending`. */
export const owesSomething = (outcome: string): boolean =>
  outcome.includes('"owing') || outcome.includes('"owes"');

/** What is learned of a broadcast after its row was written. */
interface OutcomeUpdate {
  readonly counts?: FanOutCounts;
  readonly nodes?: number;
  /** Nodes that did not get it in time. */
  readonly unreached: number;
  /** Another tag that is owed it no more. */
  readonly paid?: string;
  /** The same tag, where it did not get it. */
  readonly missed?: string;
  readonly owingNodes?: OwingNodes;
}

/**
 * @param outcome JSON of an `Ending`
 * @returns the same with more
 */
export function addToOutcome(outcome: string, more: OutcomeUpdate, now: number): string {
  const { owes = [], ...ending }: TreeOutcome = JSON.parse(outcome);
  const counts = noCounts();
  addCounts(counts, ending.counts);
  if (more.counts !== undefined) addCounts(counts, more.counts);
  const left = owes.filter((tag) => tag !== more.paid);
  const missed = [...(ending.missed ?? []), ...(more.missed === undefined ? [] : [more.missed])];
  const owing = { ...ending.owingNodes, ...more.owingNodes };
  const sum: TreeOutcome = {
    ...{ ...ending, counts, finishedAt: now },
    nodes: ending.nodes + (more.nodes ?? 0),
    unreached: (ending.unreached ?? 0) + more.unreached,
    ...(left.length === 0 ? {} : { owes: left }),
    ...(missed.length === 0 ? {} : { missed }),
    ...(Object.keys(owing).length === 0 ? {} : { owingNodes: owing }),
  };
  return JSON.stringify(sum);
}

/** How a debt to a member ended; null where the member is none of the node's, and counts no more. */
export type DebtEnd = Exclude<MemberOutcome, "owed"> | null;

/**
 * @param outcome JSON of a `NodeOutcome`, or of an `Ending`
 * @param ends by place
 * @returns the same after these members came to an end
 */
export function settleMembers(
  outcome: string,
  ends: ReadonlyMap<number, DebtEnd>,
  now: number,
): string {
  const known: NodeOutcome | TreeOutcome = JSON.parse(outcome);
  const isRoot = "counts" in known;
  const { owing = [], ...rest } = known;
  const counts = noCounts();
  addCounts(counts, isRoot ? known.counts : known);
  for (const end of ends.values()) {
    counts.owed--;
    if (end === null) {
      counts.members--;
      counts.attached--;
      continue;
    }
    counts[end]++;
    if (end === "acknowledged") counts.delivered++;
  }
  const left = owing.filter((place) => !ends.has(place));
  return JSON.stringify({
    ...rest,
    ...(isRoot ? { counts, finishedAt: now } : counts),
    ...(left.length === 0 ? {} : { owing: left }),
  });
}

/**
 * Keeps of so many nodes that they owe it to members of theirs; members of the others are taken not to have it.
 *
 * @param counts of all nodes; changed where some are left out
 */
export function boundOwing(nodes: OwingNodes, counts: Counting, most: number): OwingNodes {
  const all = Object.entries(nodes);
  for (const [, { owed }] of all.slice(most)) {
    counts.owed -= owed;
    counts.failed += owed;
  }
  return all.length <= most ? nodes : Object.fromEntries(all.slice(0, most));
}

/**
 * @param outcome JSON of an `Ending`
 * @param counts what a node that owed it to members counts now
 * @returns the same with that; null where nothing is new
 */
export function settleNode(
  outcome: string,
  path: string,
  counts: FanOutCounts,
  now: number,
): string | null {
  const { owingNodes = {}, ...ending }: TreeOutcome = JSON.parse(outcome);
  const { [path]: before, ...others } = owingNodes;
  if (before === undefined || (counts.owed > 0 && counts.owed === before.owed)) return null;
  const sum = noCounts();
  for (const name of Object.keys(sum) as (keyof FanOutCounts)[])
    sum[name] = (ending.counts[name] ?? 0) + (counts[name] ?? 0) - (before[name] ?? 0);
  const left = counts.owed > 0 ? { ...others, [path]: counts } : others;
  return JSON.stringify({
    ...{ ...ending, counts: sum, finishedAt: now },
    ...(Object.keys(left).length === 0 ? {} : { owingNodes: left }),
  });
}

/** Devices a second. */
export const rateOf = ({ attached }: FanOutCounts, ms: number): number =>
  Math.round((attached * 1_000) / Math.max(ms, 1));

/** Of a tag whose root does not say: it is owed the answer. */
export const unknownStatus = (seq: number, first: string): BroadcastStatus => ({
  ...noCounts(),
  ...{ status: "sending", seq, first, owed: 1, unreached: 0 },
  ...{ remaining: 0, nodes: 0, listeners: 0, rate: 0, finishedAt: null },
});

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
    unreached: a.unreached + (b.unreached ?? 0),
    listeners: a.listeners + b.listeners,
    rate: a.rate + b.rate,
    finishedAt: status === "sent" ? Math.max(a.finishedAt ?? 0, b.finishedAt ?? 0) : null,
  };
}
