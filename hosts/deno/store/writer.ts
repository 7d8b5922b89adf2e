/** What one object writes in the database that all share: which transaction it is part of, and whether that failed. */
import { CommitError, type Database } from "./database.ts";

export class Writer {
  readonly #db: Database;
  /** The transaction that this object wrote in last. */
  #batch = -1;
  #failure: Error | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Why something this object wrote is not stored: what it has in memory is not to be trusted any more. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** A handler of this object has broken off: what it has in memory is not to be trusted any more, and writes nothing more. */
  end(error: Error): void {
    this.#failure ??= error;
  }

  /** Whether something this object wrote is not on disk yet. */
  get isPending(): boolean {
    return this.#db.isPending(this.#batch);
  }

  /**
   * Resolves when all this object wrote is on disk.
   *
   * @throws CommitError where it could not be stored, now or earlier
   */
  async durable(): Promise<void> {
    if (this.isPending) await this.#db.committed();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Writes some time soon: what nobody waits for, and what may be lost. `durable` does not wait for it. */
  defer(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    this.#db.defer(() => {
      try {
        this.run(sql, ...values);
      } catch (error) {
        // The object learns of it where it looks for failures.
        if (!(error instanceof CommitError) && error !== this.#failure) throw error;
      }
    });
  }

  /** @throws CommitError as `Database.run` does, and for ever after a write of this object that was not stored */
  run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    // Of an object whose memory is ahead of the disk nothing more may be stored.
    if (this.#failure !== null) throw this.#failure;
    try {
      this.#db.run(sql, ...values);
    } catch (error) {
      if (error instanceof CommitError) this.#failure = error;
      throw error;
    }
    if (this.#batch === this.#db.batch) return;
    this.#batch = this.#db.batch;
    this.#db.committed().catch((error: CommitError) => {
      this.#failure = error;
    });
  }
}
