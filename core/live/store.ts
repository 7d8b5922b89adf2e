/** What a live node stores, as a port. Every method is synchronous; see core/device/store.ts. */

/** The node itself: one row, written once. */
export interface LiveRecord {
  /** The tag's name. */
  readonly tag: string;
  /** Log position at which the node started. */
  readonly born: number;
}

/** A broadcast as listeners get it. */
export interface LiveEntry {
  readonly position: number;
  /** Milliseconds since 1970; null for ttl 0, which is only for listeners that are connected. */
  readonly expiresAt: number | null;
  readonly collapseKey: string | null;
  /** JSON of `LiveMessageBody`; null if it is not for listeners. */
  readonly text: string | null;
}

export interface LiveStore {
  /** Null if the node was never created; then only `write` may be called. */
  read(): LiveRecord | null;
  /** Writes one row. Creates the tables if there are none. */
  write(record: LiveRecord): void;
  /** In order of position. */
  list(): LiveEntry[];
  /**
   * Writes one row, replacing the one in the slot.
   *
   * @param slot position modulo `LIMITS.LOG_ENTRIES`
   */
  put(slot: number, entry: LiveEntry): void;
  /** Removes everything, as if the node had never been created. */
  erase(): void;
}
