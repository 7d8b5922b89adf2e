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
  /** Odd while the parent may have been told that nobody is here: see core/tag/doors.ts. Absent for 0. */
  readonly turns?: number;
  /** Of the root. */
  readonly live: LiveAccess;
  readonly liveNodes: readonly LiveNodeRecord[];
  /** Of the root, oldest first; absent for none. */
  readonly debts?: readonly NodeDebt[];
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
}

export interface TagStore {
  /** Null where the node was never made: then no other method but `writeNode` is called. */
  readNode(): NodeRecord | null;
  /** One row; also makes the tables of a node that had none. */
  writeNode(record: NodeRecord): void;
  listMembers(): MemberRecord[];
  /** One row, new or in place of another. */
  putMember(record: MemberRecord): void;
  /** Only where the device is in this place: a place is given anew. */
  deleteMember(place: number, device: string): void;
  /** In order of position; `state` is null for an entry that is not served yet. */
  listLog(): { readonly header: LogHeader; readonly state: LogState | null }[];
  readData(position: number): Uint8Array | null;
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
