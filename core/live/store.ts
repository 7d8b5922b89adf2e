/** What a live node keeps durably, as a port. Every method is synchronous; see core/device/store.ts. */

/** The node itself: one row, written once. */
export interface LiveRecord {
  /** The tag's name. */
  readonly tag: string;
  /** Log position that the node began at. */
  readonly born: number;
}

/** A broadcast as listeners get it. */
export interface LiveEntry {
  readonly position: number;
  /** Milliseconds since 1970; null for ttl 0: only for those who listen when it comes. */
  readonly expiresAt: number | null;
  readonly collapseKey: string | null;
  /** JSON of `LiveMessageBody`; null for one that is not for listeners. */
  readonly text: string | null;
}

export interface LiveStore {
  /** Null where the node was never made: then no other method but `write` is called. */
  read(): LiveRecord | null;
  /** One row; also makes the tables of a node that had none. */
  write(record: LiveRecord): void;
  /** In order of position. */
  list(): LiveEntry[];
  /**
   * One row, in place of the one in its slot of the ring.
   *
   * @param slot position modulo `LIMITS.LOG_ENTRIES`
   */
  put(slot: number, entry: LiveEntry): void;
  /** Nothing is left, as if the node had never been made. */
  erase(): void;
}
