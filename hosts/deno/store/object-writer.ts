/** What one object writes in the database that all share: which transaction it is part of, and whether that failed. */
import type { StoragePort } from "../../../objects/runtime.ts";
import type { SqlValue } from "../../../objects/storage/sql.ts";
import { StorageError } from "../../../objects/storage-error.ts";
import type { Database } from "./database.ts";

export class ObjectWriter implements StoragePort {
  readonly #db: Database;
  /** The transaction that this object wrote in last. */
  #batch = -1;
  #failure: unknown = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Why something this object wrote is not stored: what it has in memory is not to be trusted any more. */
  get failure(): unknown {
    return this.#failure;
  }

  /** A handler of this object has broken off: it writes nothing more. */
  end(error: unknown): void {
    this.#failure ??= error;
  }

  /** What it has written is part of a transaction of others, too. */
  fail(error: unknown): unknown {
    this.end(error);
    return this.#failure;
  }

  atomic<Answer>(run: () => Answer): Answer {
    return run();
  }

  gate(): Promise<void> | null {
    return this.isPending ? this.#db.committed() : null;
  }

  /** Whether something this object wrote is not on disk yet. */
  get isPending(): boolean {
    return this.#db.isPending(this.#batch);
  }

  /** Writes some time soon: what nobody waits for, and what may be lost. `gate` does not wait for it. */
  defer(sql: string, ...values: SqlValue[]): void {
    this.#db.defer(() => {
      try {
        this.run(sql, ...values);
      } catch (error) {
        // The object learns of it where it looks for failures.
        if (!(error instanceof StorageError) && error !== this.#failure) throw error;
      }
    });
  }

  /**
   * Writes.
   *
   * @returns how many rows were changed
   * @throws StorageError as `Database.run` does, and for ever after a write of this object that was not stored
   */
  run(sql: string, ...values: SqlValue[]): number {
    // Of an object whose memory is ahead of the disk nothing more may be stored.
    if (this.#failure !== null) throw this.#failure;
    let changed: number;
    try {
      changed = this.#db.run(sql, ...values);
    } catch (error) {
      if (error instanceof StorageError) this.#failure = error;
      throw error;
    }
    if (this.#batch === this.#db.batch) return changed;
    this.#batch = this.#db.batch;
    this.#db.committed().catch((error: StorageError) => {
      this.#failure = error;
    });
    return changed;
  }
}
