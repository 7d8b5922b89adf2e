/** What a node reports to its parent about its subtree. */
import type { FanOutAnswer } from "../calls/fan-out.ts";
import { noCounts } from "../outcome/counts.ts";
import type { NodeRecord, SubtreeCount } from "../store.ts";
import { isClosed } from "./open-state.ts";

/** The answer of a node that its parent knows but that nobody has joined yet. */
export const EMPTY_SUBTREE: FanOutAnswer = {
  kind: "progress",
  done: true,
  waiting: false,
  counts: noCounts(),
  nodes: 1,
  remaining: 0,
  children: "",
};

/** Digits of the children that fan-outs call, because their subtree may have a member. */
export const openChildren = ({ children }: NodeRecord): string =>
  Object.keys(children)
    .filter((digit) => !isClosed(children[digit] ?? {}))
    .sort()
    .join("");

/**
 * @param members of the node alone
 * @param neededUntil null for a node that is open or in use
 */
export function countSubtree(
  record: NodeRecord,
  members: number,
  neededUntil: number | null,
): SubtreeCount {
  const children = Object.values(record.children);
  return {
    members: children.reduce((sum, child) => sum + child.members, members),
    nodes: children.reduce((sum, child) => sum + child.nodes, 1),
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    ...(record.turns === undefined ? {} : { turns: record.turns }),
    ...(neededUntil === null ? {} : { neededUntil }),
  };
}

export const sameCount = (a: SubtreeCount | undefined, b: SubtreeCount): boolean =>
  a !== undefined &&
  a.members === b.members &&
  a.nodes === b.nodes &&
  a.depth === b.depth &&
  a.turns === b.turns &&
  a.neededUntil === b.neededUntil;
