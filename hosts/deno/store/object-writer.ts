/** Writes of one object in the shared database: tracks the transaction that they are part of, and whether it failed. */
import type { StoragePort } from "../../../objects/runtime.ts";
import type { SqlValue } from "../../../objects/storage/sql.ts";
import { StorageError } from "../../../objects/storage-error.ts";
import type { Database } from "./database.ts";

export class ObjectWriter implements StoragePort {
  readonly #db: Database;
  /** The transaction of the object's last write. */
  #batch = -1;
  #failure: unknown = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Why a write of this object was not stored: its state in memory is then ahead of the disk. */
  get failure(): unknown {
    return this.#failure;
  }

  /** To be called when a handler of the object has failed: it must not write any more. */
  end(error: unknown): void {
    this.#failure ??= error;
  }

  /** The shared transaction is not rolled back: it has writes of other objects, too. */
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

  /** Whether a write of this object is not on disk yet. */
  get isPending(): boolean {
    return this.#db.isPending(this.#batch);
  }

  /** Defers a write that may be lost. `gate` does not wait for it. */
  defer(sql: string, ...values: SqlValue[]): void {
    this.#db.defer(() => {
      try {
        this.run(sql, ...values);
      } catch (error) {
        // The object sees it in `failure`.
        if (!(error instanceof StorageError) && error !== this.#failure) throw error;
      }
    });
  }

  /**
   * Writes.
   *
   * @returns how many rows were changed
   * @throws StorageError as `Database.run` does, and always after a write of this object has failed
   */
  run(sql: string, ...values: SqlValue[]): number {
    // The object's state in memory is ahead of the disk, so nothing more of it may be stored.
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
