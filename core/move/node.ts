/** Converts the stored state of a node of a tag to lines of an export, and back. */
import { EXPORT_MEMBERS, type NodePart } from "../../schema/export.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { LogEntry } from "../tag/calls/broadcast.ts";
import { parseNodeName } from "../tag/name.ts";
import type { TagStore } from "../tag/store.ts";

/**
 * Reads a node line by line, so that its log is never in memory as a whole.
 *
 * @param name the name of its object
 * @returns nothing for a node that was never created
 */
export function* readNode(name: string, store: TagStore): Generator<NodePart> {
  const record = store.readNode();
  if (record === null) return;
  // Live nodes are not exported: those that get listeners again report themselves.
  const { tag, born, turns, children, live, debts = [] } = record;
  const owed = debts.length === 0 ? {} : { debts: [...debts] };
  const doors = turns === undefined ? {} : { turns };
  yield { kind: "node", node: name, tag, born, children: { ...children }, live, ...owed, ...doors };
  const members = store.listMembers().sort((a, b) => a.place - b.place);
  for (let at = 0; at < members.length; at += EXPORT_MEMBERS)
    yield { kind: "members", node: name, members: members.slice(at, at + EXPORT_MEMBERS) };
  const ring = ringOf(name);
  for (const { header, state } of [...store.listLog(), ...store.listScheduled()]) {
    const { bytes: _, cover, filter, ...entry } = header;
    const data = store.readData(slotOf(header, ring), header.position);
    if (data === null) continue;
    yield {
      kind: "broadcast",
      node: name,
      ...entry,
      cover: [...cover],
      filter: filter as LineFilter,
      data,
      state: state && {
        attached: state.attached,
        failed: [...state.failed],
        outcome: state.outcome,
      },
    };
  }
}

/** The same type without `readonly`. */
type LineFilter = Extract<NodePart, { kind: "broadcast" }>["filter"];

/**
 * Writes lines of one node into its store, in order; the first one of all must be its `node` line.
 *
 * @throws Error if the store has a node already: two nodes must not be mixed
 */
export function writeNode(name: string, store: TagStore, parts: Iterable<NodePart>): void {
  const ring = ringOf(name);
  for (const part of parts) {
    if (part.kind === "node") {
      if (store.readNode() !== null) throw new Error(`node ${name} is there already`);
      const { kind: _, node: __, ...record } = part;
      store.writeNode({ ...record, liveNodes: [] });
    } else if (part.kind === "members") {
      for (const member of part.members) store.putMember(member);
    } else {
      const { kind: _, node: __, state, ...entry } = part;
      store.putEntry(slotOf(entry, ring), entry, state);
    }
  }
}

/** Of a broadcast that waits for its time, the position is its slot. */
const slotOf = ({ sendAt, position }: Pick<LogEntry, "sendAt" | "position">, ring: number) =>
  sendAt === undefined ? position % ring : position;

/** Imported nodes report their counts to their parents spread over this time, not all at once. */
const RECOUNT_MS = 600_000;

/**
 * When the first alarm of an imported node is due: at once if broadcasts are unfinished, scheduled or owed to other nodes; otherwise within
 * `RECOUNT_MS`, to report counts that it had not reported before the export.
 *
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970
 */
export function nodeAlarmOf(name: string, store: TagStore, now: number): number {
  if (isRoot(name) && store.listLog().some(({ state }) => state === null)) return now;
  if (isRoot(name) && store.listScheduled().length > 0) return now;
  if ((store.readNode()?.debts ?? []).length > 0) return now;
  if (store.listLog().some(({ state }) => state?.outcome.includes('"owing') === true)) return now;
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return now + (hash % RECOUNT_MS);
}

/** Number of slots in its log. */
const ringOf = (name: string): number =>
  isRoot(name) ? LIMITS.ROOT_LOG_ENTRIES : LIMITS.LOG_ENTRIES;

const isRoot = (name: string): boolean => parseNodeName(name).path === "";
