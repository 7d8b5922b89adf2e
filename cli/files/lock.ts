/**
 * One owner for a folder. The lock is the operating system's, taken through SQLite, which Node brings along:
 * it goes with its process however that ends, so no lock is ever stale, and no process ID is ever mistaken.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** SQLite's words for SQLITE_BUSY: the number is not told by every runtime (Deno gives none). */
const BUSY = "database is locked";

export interface Lock {
  release(): void;
}

/** Held here as well, because a database that is collected as garbage closes, and its lock goes. */
const held = new Set<DatabaseSync>();

/**
 * Locks a file, which is created if missing (mode 0600) and stays empty.
 *
 * @returns undefined if another process, or this one, holds it.
 * @throws the error of the file system if the file cannot be written.
 */
export function takeLock(file: string): Lock | undefined {
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file);
  try {
    // Without a journal beside it: nothing is ever written.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as Error).message === BUSY) return undefined;
    throw error;
  }
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}
