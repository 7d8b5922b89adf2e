/** What a node of a tag stores, as a port. Every method is synchronous; see core/device/store.ts. */
import type { LogEntry } from "./calls/broadcast.ts";
import type { LiveAccess } from "./calls/live.ts";
import type { CountReport } from "./calls/tree.ts";

/** From here on, slots have broadcasts that wait for their time; those of the log are fewer. */
export const SCHEDULED_SLOT = 1_000_000;

/** A live node of the tag, known to its root. */
export interface LiveNodeRecord {
  readonly region: string;
  readonly n: number;
  /** Position up to which it has everything, if it could not be reached after that. Absent if it is owed nothing. */
  readonly upTo?: number;
}

/** A broadcast that a node, with its whole subtree, is still owed. */
export interface NodeDebt {
  readonly path: string;
  readonly position: number;
}

/** The last report of a child. */
export type SubtreeCount = Omit<CountReport, "digit">;

/** The node itself: one row. */
export interface NodeRecord {
  /** The tag's name. */
  readonly tag: string;
  /** Log position at which the node started. */
  readonly born: number;
  /** By digit. */
  readonly children: Readonly<Record<string, SubtreeCount>>;
  /** Odd while the node is closed: see core/tag/tree/open-state.ts. Absent for 0. */
  readonly turns?: number;
  /** Used at the root only, like `liveNodes` and `debts`. */
  readonly live: LiveAccess;
  readonly liveNodes: readonly LiveNodeRecord[];
  /** Oldest first; absent for none. */
  readonly debts?: readonly NodeDebt[];
  /** After `born`, the log has a row for each position up to its head: see core/tag/log/head.ts. Absent in nodes of an older version. */
  readonly isGapless?: true;
}

export interface MemberRecord {
  /** From 0, below `LIMITS.NODE_MEMBERS`: its bit in `LogState.attached`. */
  readonly place: number;
  /** Name of the device's object. */
  readonly device: string;
  /** Log position at which it joined. It gets what came later, unless it attaches with a cursor. */
  readonly joined: number;
  /** Log position at which `attached` was written. The bit of a later entry takes precedence. */
  readonly since: number;
  readonly attached: boolean;
  /** See `JoinRequest`; 0 in rows from before epochs existed. */
  readonly epoch: number;
  /** See `JoinRequest`. Absent in rows of an older version, until the device attaches. */
  readonly generation?: number;
}

/** An entry without its data. */
export type LogHeader = Omit<LogEntry, "data"> & {
  /** Of its content: see `contentBytes`. */
  readonly bytes: number;
};

/** Written with an entry once the node has served it. */
export interface LogState {
  /** Members that are attached and were served up to this entry: bit `place & 7` of byte `place >> 3`, in base64url. */
  readonly attached: string;
  /** Places of members that are attached and could not be served. */
  readonly failed: readonly number[];
  /** JSON of a `NodeOutcome`; at the root, of a `TreeOutcome`. */
  readonly outcome: string;
  /**
   * The oldest position that was not served, or was owed to someone, when this was written; null for none. Valid in the last served entry
   * only. Absent in rows of an older version.
   */
  readonly openFrom?: number | null;
}

/** An entry without its data; `state` is null until it is served. */
export interface LogRecord {
  readonly header: LogHeader;
  readonly state: LogState | null;
}

export interface MemberCount {
  readonly members: number;
  /** One more than the highest place in use. */
  readonly places: number;
}

export interface TagStore {
  /** Null if the node was never created; then only `writeNode` may be called. */
  readNode(): NodeRecord | null;
  /** Writes one row. Creates the tables if there are none. */
  writeNode(record: NodeRecord): void;
  /** Reads all members. Only a fan-out needs them. */
  listMembers(): MemberRecord[];
  /** Reads one row. */
  readMember(device: string): MemberRecord | null;
  /** Reads all rows of members, but returns none. */
  countMembers(): MemberCount;
  /** Writes one row, new or replaced. */
  putMember(record: MemberRecord): void;
  /** Writes one row, if the device still has this place: places are reused. */
  deleteMember(place: number, device: string): void;
  /** Reads the whole log, in order of position. */
  listLog(): LogRecord[];
  /**
   * Reads one row: the current one in a slot of the ring.
   *
   * @param slot position modulo the ring's size
   */
  readEntry(slot: number): LogRecord | null;
  /** Reads the rows from `SCHEDULED_SLOT` on, which `listLog` leaves out. */
  listScheduled(): LogRecord[];
  /** Writes one row: the slot is empty. */
  deleteEntry(slot: number): void;
  /** Reads one row; null if the slot has another position. */
  readData(slot: number, position: number): Uint8Array | null;
  /**
   * Writes one row, replacing the one in the slot.
   *
   * @param slot position modulo the ring's size
   * @param state null: the row must be durable before anyone is answered. Otherwise a kill may lose it together with everything
   *   written later; then the entry is served again
   */
  putEntry(slot: number, entry: LogEntry, state: LogState | null): void;
  /** Writes one row: the slot has the entry. A kill may lose it, as above. */
  writeState(slot: number, state: LogState): void;
  /** Removes everything, as if the node had never been created. */
  erase(): void;
}
