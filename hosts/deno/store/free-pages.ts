/**
 * Gives disk back that rows needed which are gone: SQLite keeps free pages for later rows, however many. A part of them stays, because a
 * database that is in use needs it soon. A database of an older version keeps them all: only VACUUM, which stops everything, changes that.
 */
import type { Database } from "./database.ts";

/** Kept: this share of all pages, and as many. */
const KEPT_SHARE = 1 / 32;
const KEPT_COUNT = 16;
/** In one step, which takes less than 2 ms: 128 KB. */
const STEP_COUNT = 32;

export class FreePages {
  readonly #db: Database;
  #isShrinking = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Gives some back, if more are free than are kept. @throws StorageError */
  step(): void {
    if (this.#db.isFailing) return;
    const free = this.#count("freelist_count");
    const kept = KEPT_COUNT + Math.ceil(this.#count("page_count") * KEPT_SHARE);
    if (free > kept) this.#db.shrink(Math.min(STEP_COUNT, free - kept));
    // The file shrinks with a checkpoint, and the next may be a day away.
    else if (this.#isShrinking) this.#db.checkpoint();
    this.#isShrinking = free > kept;
  }

  #count(what: "freelist_count" | "page_count"): number {
    return this.#db.get<Record<string, number>>(`PRAGMA ${what}`)?.[what] ?? 0;
  }
}
