/** The outcome of a broadcast: at a node and at a tag, as it is stored, and at all its tags, as its sender is told. */
import type { BroadcastStatus, FanOutCounts } from "../calls/broadcast.ts";
import type { OwingNodes } from "../calls/fan-out.ts";
import { addCounts, type Counting, noCounts } from "./counts.ts";
import type { MemberOutcome } from "./early-outcomes.ts";

export interface Owing {
  /** Places of members that could not be called yet; absent for none. */
  readonly owing?: readonly number[];
}

/** Stored by a node other than the root. */
export type NodeOutcome = FanOutCounts & Owing;

/** Stored by the root. */
export interface TreeOutcome extends Owing {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly listeners: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Nodes and tags that did not get it before it expired; absent in rows from before debts existed. */
  readonly unreached?: number;
  /** Other tags whose roots are still owed it; absent for none. */
  readonly owes?: readonly string[];
  /** Other tags that never got it: it expired first, or their root refused it. Absent for none. */
  readonly missed?: readonly string[];
  /** Nodes that owe it to some of their members, with their share of `counts`; absent for none. */
  readonly owingNodes?: OwingNodes;
}

type DebtField = "owing" | "owes" | "owingNodes";

/** Spares parsing: nearly all outcomes owe nothing. */
const mayHave = (outcome: string, field: DebtField): boolean => outcome.includes(`"${field}"`);

/** @param outcome JSON of a `NodeOutcome` or a `TreeOutcome`, as below */
export const owesSomething = (outcome: string): boolean =>
  mayHave(outcome, "owing") || mayHave(outcome, "owes") || mayHave(outcome, "owingNodes");

/** Places of the members that are owed it. */
export function owingPlacesIn(outcome: string): readonly number[] {
  if (!mayHave(outcome, "owing")) return [];
  const { owing = [] }: Owing = JSON.parse(outcome);
  return owing;
}

/** The nodes that owe it to members. */
export function owingNodesIn(outcome: string): OwingNodes {
  if (!mayHave(outcome, "owingNodes")) return {};
  const { owingNodes = {} }: TreeOutcome = JSON.parse(outcome);
  return owingNodes;
}

/** News about a broadcast whose outcome is written. */
interface OutcomeUpdate {
  readonly counts?: FanOutCounts;
  readonly nodes?: number;
  /** More nodes or tags that did not get it in time. */
  readonly unreached: number;
  /** Another tag that is no longer owed it. */
  readonly paid?: string;
  /** The same tag if it did not get it. */
  readonly missed?: string;
  readonly owingNodes?: OwingNodes;
}

/**
 * @param outcome JSON of a `TreeOutcome`
 * @returns the updated JSON
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

/** How a debt to a member ended; null if it is not a member of the node, and is not counted. */
export type DebtEnd = Exclude<MemberOutcome, "owed"> | null;

/**
 * Counts the ends of debts to members.
 *
 * @param outcome JSON of a `NodeOutcome` or a `TreeOutcome`
 * @param ends by place
 * @returns the updated JSON
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
 * Limits for how many nodes the root remembers that they owe a broadcast to members. Members of the others count as failed.
 *
 * @param counts of all nodes; updated if some are dropped
 */
export function limitOwing(nodes: OwingNodes, counts: Counting, most: number): OwingNodes {
  const all = Object.entries(nodes);
  for (const [, { owed }] of all.slice(most)) {
    counts.owed -= owed;
    counts.failed += owed;
  }
  return all.length <= most ? nodes : Object.fromEntries(all.slice(0, most));
}

/**
 * Replaces the share of one node that owed the broadcast to members.
 *
 * @param outcome JSON of a `TreeOutcome`
 * @param counts the node's present counts
 * @returns the updated JSON; null if nothing changed
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

/** The status at a tag whose root does not answer: one more that is owed. */
export const unknownStatus = (seq: number, first: string): BroadcastStatus => ({
  ...noCounts(),
  ...{ status: "sending", seq, first, owed: 1, unreached: 0 },
  ...{ remaining: 0, nodes: 0, listeners: 0, rate: 0, finishedAt: null },
});

const ORDER = ["accepted", "sending", "sent"] as const;

/** Adds the status at another tag. A broadcast is `sent` once it is sent at all of its tags. */
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
    // Absent from a root whose code is older than debts.
    unreached: a.unreached + (b.unreached ?? 0),
    listeners: a.listeners + b.listeners,
    rate: a.rate + b.rate,
    finishedAt: status === "sent" ? Math.max(a.finishedAt ?? 0, b.finishedAt ?? 0) : null,
    ...(a.recalledAt === undefined ? {} : { recalledAt: a.recalledAt }),
    ...(a.isRecall === undefined ? {} : { isRecall: a.isRecall }),
  };
}
