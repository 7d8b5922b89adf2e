/**
 * Link records that could not be written, kept in memory until they can be: devices connect and receive messages that need no row
 * while the disk is full (H3). If the process ends before, the records are lost: connect tokens used in that time are valid once more
 * until they expire, and fallback cursors are older. Reservations of sequence numbers are never kept here.
 */
import type { Database } from "./database.ts";

export const WRITE_LINK = "UPDATE devices SET link = ? WHERE id = ?";

/** As many as a process may have links, a few hundred bytes each. When it is reached, further links are refused. */
const MAX_RECORDS = 100_000;
/** Time between two attempts to write them. */
const RETRY_MS = 1_000;

export class OwedLinks {
  readonly #db: Database;
  readonly #most: number;
  /** By device ID. */
  readonly #records = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(db: Database, most = MAX_RECORDS) {
    this.#db = db;
    this.#most = most;
  }

  /** The record of a device; undefined if the stored one is current. */
  of(device: number | null): string | undefined {
    return device === null ? undefined : this.#records.get(device);
  }

  /**
   * Keeps the record of a device if the disk cannot be written.
   *
   * @returns false if the caller has to write it, because the disk works or there is no room
   */
  owe(device: number, record: string): boolean {
    if (!this.#db.isFailing) return false;
    if (this.#records.size >= this.#most && !this.#records.has(device)) return false;
    this.#records.set(device, record);
    this.#schedule();
    return true;
  }

  /** A newer record was written, which may still fail: it replaces an owed one. */
  renew(device: number | null, record: string): void {
    if (device !== null && this.#records.has(device)) this.#records.set(device, record);
  }

  /** To be called when the device is erased. */
  forget(device: number | null): void {
    if (device !== null) this.#records.delete(device);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#write(), RETRY_MS);
  }

  /** Writes all records in one transaction. */
  async #write(): Promise<void> {
    const tried = [...this.#records];
    try {
      for (const [device, record] of tried) this.#db.run(WRITE_LINK, record, device);
      await this.#db.committed();
      for (const [device, record] of tried)
        if (this.#records.get(device) === record) this.#records.delete(device);
    } catch {
      // Logged by the database; tried again.
    }
    this.#timer = undefined;
    if (this.#records.size > 0) this.#schedule();
  }
}
