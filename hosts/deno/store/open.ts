/** Opens the database of a data folder, once it is known to be whole. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HostFailure } from "../../machine/failure.ts";
import { Database, type DatabaseOptions } from "./database.ts";

/**
 * @param path of the file; it is made where it is not there.
 * @throws {HostFailure} where it is damaged, or cannot be opened; then nothing was changed.
 */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  const fault = existsSync(path) ? faultOf(path) : undefined;
  if (fault !== undefined)
    throw new HostFailure(`${path} is damaged (${fault}); restore it from a backup`);
  try {
    return new Database(path, options);
  } catch (error) {
    throw new HostFailure(`${path} cannot be opened: ${(error as Error).message}`);
  }
}

/** What is wrong with a file; undefined where nothing is. It is only read, and its log stays as it is. */
export function faultOf(path: string): string | undefined {
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const row = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string } | undefined;
      const found = row?.quick_check ?? "it cannot be checked";
      // SQLite's report has several lines.
      return found === "ok" ? undefined : found.replaceAll(/\s+/g, " ");
    } finally {
      db.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}
