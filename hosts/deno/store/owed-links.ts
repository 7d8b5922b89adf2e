/**
 * Records of links that could not be written, kept in memory until they can: a device comes and goes while the disk is
 * full, and what needs no row reaches it (H3). A process that ends meanwhile forgets them: then a token that was used
 * meanwhile is good once more for the rest of its minutes, and the device's fallback cursors are the earlier ones. What reserves
 * sequence numbers is none of them.
 */
import type { Database } from "./database.ts";

export const WRITE_LINK = "UPDATE devices SET link = ? WHERE id = ?";

/** Each is a few hundred bytes; as many as a process may have links. Past it a link is refused until there is room. */
const MOST_COUNT = 100_000;
/** Between two tries to write them. */
const RETRY_MS = 1_000;

export class OwedLinks {
  readonly #db: Database;
  readonly #most: number;
  /** By the device's number. */
  readonly #records = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(db: Database, most = MOST_COUNT) {
    this.#db = db;
    this.#most = most;
  }

  /** The record of a device; undefined where the stored one stands. */
  of(device: number | null): string | undefined {
    return device === null ? undefined : this.#records.get(device);
  }

  /**
   * Keeps the record of a device while the disk cannot be written.
   *
   * @returns false where it is to be written now, or there is no room
   */
  owe(device: number, record: string): boolean {
    if (!this.#db.isFailing) return false;
    if (this.#records.size >= this.#most && !this.#records.has(device)) return false;
    this.#records.set(device, record);
    this.#expect();
    return true;
  }

  /** A newer record is written, but may not be stored: what is owed is that one. */
  renew(device: number | null, record: string): void {
    if (device !== null && this.#records.has(device)) this.#records.set(device, record);
  }

  /** The device is gone. */
  forget(device: number | null): void {
    if (device !== null) this.#records.delete(device);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expect(): void {
    this.#timer ??= setTimeout(() => void this.#write(), RETRY_MS);
  }

  /** Tries all, in one transaction. */
  async #write(): Promise<void> {
    const tried = [...this.#records];
    try {
      for (const [device, record] of tried) this.#db.run(WRITE_LINK, record, device);
      await this.#db.committed();
      for (const [device, record] of tried)
        if (this.#records.get(device) === record) this.#records.delete(device);
    } catch {
      // Told where it happened; there is a next time.
    }
    this.#timer = undefined;
    if (this.#records.size > 0) this.#expect();
  }
}
