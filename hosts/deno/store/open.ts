/** Opens the database of a data folder, once it is known to be whole. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HostFailure } from "../../machine/failure.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { TABLES_VERSION } from "./tables.ts";

/**
 * @param path of the file; it is made where it is not there.
 * @throws {HostFailure} where it is damaged, of a newer version, or cannot be opened; then nothing was changed.
 */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  const fault = existsSync(path) ? faultOf(path) : undefined;
  if (fault !== undefined) throw new HostFailure(`${path} ${fault}`);
  try {
    return new Database(path, options);
  } catch (error) {
    throw new HostFailure(`${path} cannot be opened: ${(error as Error).message}`);
  }
}

/** What is wrong with a file; undefined where nothing is. It is only read, and its log stays as it is. */
function faultOf(path: string): string | undefined {
  const damaged = (how: string) => `is damaged (${how}); restore it from a backup`;
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const found = pragma(db, "quick_check");
      // SQLite's report has several lines.
      if (found !== "ok") return damaged(`${found}`.replaceAll(/\s+/g, " "));
      if (Number(pragma(db, "user_version")) <= TABLES_VERSION) return undefined;
      return "was written by a newer pushmesh; run that one";
    } finally {
      db.close();
    }
  } catch (error) {
    return damaged((error as Error).message);
  }
}

function pragma(db: DatabaseSync, name: string): unknown {
  return db.prepare(`PRAGMA ${name}`).get()?.[name];
}
