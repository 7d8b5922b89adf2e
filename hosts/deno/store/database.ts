/**
 * One SQLite database for all objects of the mesh, with group commit: everything written until the next turn of the event loop is one
 * transaction, and costs one sync.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StorageError } from "../../../objects/storage-error.ts";
import { nextLoopTurn } from "../sockets.ts";
import { OwedLinks } from "./owed-links.ts";
import { prepareTables } from "./tables.ts";

/** How long a deferred write waits for another transaction to join. */
const DEFER_MS = 1_000;

export interface DatabaseOptions {
  /** Called with one line when writes start to fail, and one when they work again. */
  readonly log?: (line: string) => void;
}

interface Batch {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

export class Database {
  /** Link records that wait until the disk can be written. */
  readonly owedLinks = new OwedLinks(this);
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #batch: Batch | null = null;
  #batches = 0;
  #isFailing = false;
  /** Deferred writes, in order. */
  #deferred: (() => void)[] = [];
  #deferTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #log: (line: string) => void;
  readonly #onRollback: (() => void)[] = [];

  /** @param path of the database file, which is created if it is missing */
  constructor(path: string, { log = () => {} }: DatabaseOptions = {}) {
    this.#log = log;
    this.#db = new DatabaseSync(path);
    // FULL: a commit returns after the log is synced, so a power cut loses nothing that was answered.
    // auto_vacuum comes first: a database that has pages keeps what it was made with.
    this.#db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = OFF;
    `);
    prepareTables(this.#db);
  }

  /** Whether the last write failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Calls back after a rollback: values read since the transaction began may be wrong. */
  onRollback(callback: () => void): void {
    this.#onRollback.push(callback);
  }

  /** Number of the transaction that a write would be part of now. */
  get batch(): number {
    return this.#batches;
  }

  /** Whether that transaction is not committed yet. */
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
   * Writes in the shared transaction, and opens it if necessary.
   *
   * @returns how many rows were changed
   * @throws StorageError if the write fails; the whole transaction is then rolled back, including the writes of others
   */
  run(sql: string, ...values: SQLInputValue[]): number {
    try {
      if (this.#batch === null) this.#begin();
      // Deferred writes were made before this one.
      if (this.#deferred.length > 0) this.writeDeferred();
      return Number(this.#prepare(sql).run(...values).changes);
    } catch (error) {
      // Some errors, such as a full disk, make SQLite roll back: the other writers of the transaction have to learn of it.
      throw this.#fail(error);
    }
  }

  /**
   * Defers a write to the next transaction, or to one of its own after a second: a sync blocks everything for milliseconds, which a write
   * that may be lost is not worth.
   *
   * @param write calls `run`; must not throw
   */
  defer(write: () => void): void {
    this.#deferred.push(write);
    this.#deferTimer ??= setTimeout(() => this.writeDeferred(), DEFER_MS);
  }

  /** Runs the deferred writes now: to be called before their rows are read. */
  writeDeferred(): void {
    clearTimeout(this.#deferTimer);
    this.#deferTimer = undefined;
    for (const write of this.#deferred.splice(0)) write();
  }

  /**
   * Resolves when everything written so far is on disk, except deferred writes.
   *
   * @throws StorageError if the transaction failed
   */
  committed(): Promise<void> {
    return this.#batch?.done ?? Promise.resolve();
  }

  /** Gives up to so many free pages back, in the shared transaction. @throws as `run` */
  shrink(pages: number): void {
    try {
      if (this.#batch === null) this.#begin();
      // By `all`, which takes all steps: each frees one page, and on Deno `exec` and `run` take one.
      this.all(`PRAGMA incremental_vacuum(${pages})`);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Copies what is committed from the log into the file, which then has the size that its pages need. */
  checkpoint(): void {
    this.commit();
    this.all("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Commits the open transaction now, if there is one. */
  commit(): void {
    const batch = this.#batch;
    if (batch === null) return;
    try {
      this.#db.exec("COMMIT");
      this.#batch = null;
      this.#batches++;
      batch.resolve();
      this.#logFailing(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Commits the open transaction, and closes the file. */
  close(): void {
    this.owedLinks.stop();
    this.writeDeferred();
    this.commit();
    this.#db.close();
  }

  #begin(): void {
    this.#db.exec("BEGIN IMMEDIATE");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Writers that do not wait for it must not cause an unhandled rejection.
    promise.catch(() => {});
    this.#batch = { done: promise, resolve, reject };
    // A sync blocks everything for milliseconds. If writes cause further writes, sockets are still polled between two commits.
    nextLoopTurn(() => this.commit());
  }

  #fail(cause: unknown): StorageError {
    const error = new StorageError(cause);
    this.#logFailing(cause);
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has already rolled back.
    }
    this.#batch?.reject(error);
    this.#batch = null;
    this.#batches++;
    for (const callback of this.#onRollback) callback();
    return error;
  }

  /** Logs when writes start to fail and when they work again, not each of possibly thousands of failures. */
  #logFailing(cause: unknown): void {
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
