/**
 * One SQLite database for all objects of the mesh, with group commit: what many objects write until the next turn of the event
 * loop shares one transaction and one sync.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StorageError } from "../../../objects/storage-error.ts";
import { nextLoopTurn } from "../sockets.ts";
import { OwedLinks } from "./owed-links.ts";
import { prepareTables } from "./tables.ts";

/** How long what nobody waits for may wait for a transaction of somebody else's. */
const DEFER_MS = 1_000;

export interface DatabaseOptions {
  /** Told one line when writing begins to fail, and one when it works again. */
  readonly log?: (line: string) => void;
}

interface Batch {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

export class Database {
  /** Records of links that wait until the disk can be written. */
  readonly owedLinks = new OwedLinks(this);
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #batch: Batch | null = null;
  #batches = 0;
  #isFailing = false;
  /** Writes that nobody waits for, in order. */
  #deferred: (() => void)[] = [];
  #deferTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #log: (line: string) => void;
  readonly #onRollback: (() => void)[] = [];

  /** @param path of the database file; it is made where it is not there */
  constructor(path: string, { log = () => {} }: DatabaseOptions = {}) {
    this.#log = log;
    this.#db = new DatabaseSync(path);
    // FULL: a commit is answered after the log is synced, so a power cut loses nothing that was answered.
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = OFF;
    `);
    prepareTables(this.#db);
  }

  /** Whether the last write did not reach the disk. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Calls back when writes were undone: what was read meanwhile may not be so. */
  onRollback(callback: () => void): void {
    this.#onRollback.push(callback);
  }

  /** The number of the transaction that a write now would be part of. */
  get batch(): number {
    return this.#batches;
  }

  /** Whether something written in that transaction is not on disk yet. */
  isPending(batch: number): boolean {
    return this.#batch !== null && batch === this.#batches;
  }

  /** The rows of a query. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  /** The first row of a query. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  /**
   * Writes, in the shared transaction; opens it where none is open.
   *
   * @returns how many rows were changed
   * @throws StorageError where it cannot be written: then nothing of the transaction is, whoever wrote it
   */
  run(sql: string, ...values: SQLInputValue[]): number {
    try {
      if (this.#batch === null) this.#begin();
      // All writes keep their order.
      if (this.#deferred.length > 0) this.writeDeferred();
      return Number(this.#prepare(sql).run(...values).changes);
    } catch (error) {
      // Some errors (a full disk) end SQLite's transaction on the spot: the others in it must not think it stands.
      throw this.#fail(error);
    }
  }

  /**
   * Writes before the next write, or in one of its own a second later: a sync takes milliseconds of
   * everybody's time, and what may be lost is not worth one.
   *
   * @param write calls `run`; it must not throw
   */
  defer(write: () => void): void {
    this.#deferred.push(write);
    this.#deferTimer ??= setTimeout(() => this.writeDeferred(), DEFER_MS);
  }

  /** Writes now what was deferred: before anybody reads it. */
  writeDeferred(): void {
    clearTimeout(this.#deferTimer);
    this.#deferTimer = undefined;
    for (const write of this.#deferred.splice(0)) write();
  }

  /**
   * Resolves when all that is written by now is on disk; not what was deferred.
   *
   * @throws StorageError where it could not be stored
   */
  committed(): Promise<void> {
    return this.#batch?.done ?? Promise.resolve();
  }

  /** Ends the open transaction now; does nothing without one. */
  commit(): void {
    const batch = this.#batch;
    if (batch === null) return;
    try {
      this.#db.exec("COMMIT");
      this.#batch = null;
      this.#batches++;
      batch.resolve();
      this.#tellTrouble(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Commits what is open, and closes the file. */
  close(): void {
    this.owedLinks.stop();
    this.writeDeferred();
    this.commit();
    this.#db.close();
  }

  #begin(): void {
    this.#db.exec("BEGIN IMMEDIATE");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Who wrote waits for it; that nobody does is no error.
    promise.catch(() => {});
    this.#batch = { done: promise, resolve, reject };
    // A sync takes milliseconds of everybody's time: sockets are not to wait for many of them, where one write follows from another.
    nextLoopTurn(() => this.commit());
  }

  #fail(cause: unknown): StorageError {
    const error = new StorageError(cause);
    this.#tellTrouble(cause);
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
    this.#batch?.reject(error);
    this.#batch = null;
    this.#batches++;
    for (const callback of this.#onRollback) callback();
    return error;
  }

  /** Says where writing begins to fail, and where it works again; not each time, for there may be thousands. */
  #tellTrouble(cause: unknown): void {
    const isFailing = cause !== null;
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    this.#log(
      isFailing
        ? `the database cannot be written (${(cause as Error).message}); what would have to be stored is refused`
        : "the database can be written again",
    );
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
