/** What a node of a tag keeps durably, as a port. Every method is synchronous; see core/device/store.ts. */
import type { CountReport, LiveAccess, LogEntry } from "./types.ts";

/** A live node of the tag, known to its root. */
export interface LiveNodeRecord {
  readonly region: string;
  readonly n: number;
  /** It could not be reached: the position up to which it has everything. Absent where it has all that was served. */
  readonly upTo?: number;
}

/** A broadcast that a node could not be brought up to yet, with its whole subtree. */
export interface NodeDebt {
  readonly path: string;
  readonly position: number;
}

/** What a child said last. */
export type SubtreeCount = Omit<CountReport, "digit">;

/** The node itself: one row. */
export interface NodeRecord {
  /** The tag's name. */
  readonly tag: string;
  /** Log position that the node began at. */
  readonly born: number;
  /** Children there are, by digit, and what each said last of its subtree. */
  readonly children: Readonly<Record<string, SubtreeCount>>;
  /** Odd while the parent may have been told that nobody is here: see core/tag/tree/open-state.ts. Absent for 0. */
  readonly turns?: number;
  /** Of the root. */
  readonly live: LiveAccess;
  readonly liveNodes: readonly LiveNodeRecord[];
  /** Of the root, oldest first; absent for none. */
  readonly debts?: readonly NodeDebt[];
  /** After `born` the log has a row for each position up to its head. Absent in nodes of an older version: see core/tag/log/head.ts. */
  readonly isGapless?: true;
}

export interface MemberRecord {
  /** From 0, below `LIMITS.NODE_MEMBERS`: its bit in `attached` of the log. */
  readonly place: number;
  /** Name of the device's object. */
  readonly device: string;
  /** Log position at which it joined: what came later is its due, if it does not know better. */
  readonly joined: number;
  /** Log position at which `attached` was written; a bit of a later entry outweighs it. */
  readonly since: number;
  readonly attached: boolean;
  /** Of the membership; 0 in rows from before there were epochs. */
  readonly epoch: number;
}

/** An entry without its data: what a node keeps in memory. */
export type LogHeader = Omit<LogEntry, "data"> & {
  /** Length of the data. */
  readonly bytes: number;
};

/** What is written with an entry when the node has served it. */
export interface LogState {
  /** Members that are attached and were served up to this entry: bit `place` of byte `place >> 3`, in base64url. */
  readonly attached: string;
  /** Places of members that are attached and could not be served. */
  readonly failed: readonly number[];
  /** JSON of what the core remembers of the fan-out. */
  readonly outcome: string;
  /**
   * The oldest position that somebody was still owed something of, or that was not served, when this was written; null for none. It
   * goes by the last entry that was served. Absent in what an older version wrote.
   */
  readonly openFrom?: number | null;
}

/** An entry as it is read, without its data; `state` is null while it is not served. */
export interface LogRecord {
  readonly header: LogHeader;
  readonly state: LogState | null;
}

export interface MemberCount {
  readonly members: number;
  /** One past the last place that is taken. */
  readonly places: number;
}

export interface TagStore {
  /** Null where the node was never made: then no other method but `writeNode` is called. */
  readNode(): NodeRecord | null;
  /** One row; also makes the tables of a node that had none. */
  writeNode(record: NodeRecord): void;
  /** All of them: only a fan-out needs them. */
  listMembers(): MemberRecord[];
  /** One row. */
  readMember(device: string): MemberRecord | null;
  /** Reads every member's row, and makes no object of any. */
  countMembers(): MemberCount;
  /** One row, new or in place of another. */
  putMember(record: MemberRecord): void;
  /** One row; only where the device is in this place: a place is given anew. */
  deleteMember(place: number, device: string): void;
  /** All of it, in order of position. */
  listLog(): LogRecord[];
  /**
   * What is in a slot of the ring now: one row.
   *
   * @param slot position modulo the ring's size
   */
  readEntry(slot: number): LogRecord | null;
  /** One row; null where another position is in the slot. */
  readData(slot: number, position: number): Uint8Array | null;
  /**
   * One row, in place of the one in its slot of the ring.
   *
   * @param slot position modulo the ring's size
   * @param state null where it has to last before anybody is answered; else it may be lost for as long as nothing that is
   *   written later lasts: it is served again then
   */
  putEntry(slot: number, entry: LogEntry, state: LogState | null): void;
  /** One row; the entry is in this slot. It may be lost, likewise. */
  writeState(slot: number, state: LogState): void;
  /** Nothing is left, as if the node had never been made. */
  erase(): void;
}
