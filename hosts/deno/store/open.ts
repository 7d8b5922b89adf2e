/** Checks the database of a data folder, and opens it. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HostFailure } from "../../machine/failure.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { TABLES_VERSION } from "./tables.ts";

interface OpenOptions extends DatabaseOptions {
  /** Whether the folder has never had a mesh: the file is then created. Default: false, the file has to exist and contain a mesh. */
  readonly isNew?: boolean;
}

/**
 * @param path of the file
 * @throws {HostFailure} if it is missing, damaged, of a newer version, or cannot be opened; the file is then unchanged
 */
export function openDatabase(
  path: string,
  { isNew = false, ...options }: OpenOptions = {},
): Database {
  if (!isNew && !existsSync(path))
    throw new HostFailure(
      `${path} is missing; restore it from a backup, or move the folder away to begin anew`,
    );
  // A killed first start may have left an empty file.
  if (existsSync(path) && !(isNew && isBlank(path))) {
    const fault = faultOf(path);
    if (fault !== undefined)
      throw new HostFailure(`${path} is damaged (${fault}); restore it from a backup`);
    if (versionOf(path) > TABLES_VERSION)
      throw new HostFailure(`${path} was written by a newer pushmesh; run that one`);
  }
  try {
    return new Database(path, options);
  } catch (error) {
    throw new HostFailure(`${path} cannot be opened: ${(error as Error).message}`);
  }
}

/** Whether a file contains no table. Opening it rolls back an interrupted transaction. */
function isBlank(path: string): boolean {
  const db = new DatabaseSync(path);
  try {
    return db.prepare("SELECT 1 FROM sqlite_master LIMIT 1").get() === undefined;
  } catch {
    // Not a database: `faultOf` says what is wrong.
    return false;
  } finally {
    db.close();
  }
}

/** What is wrong with a file; undefined if it is intact. Only reads the file, and leaves its log alone. */
export function faultOf(path: string): string | undefined {
  try {
    const found = pragma(path, "quick_check");
    // SQLite's report has several lines.
    if (found !== "ok") return `${found}`.replaceAll(/\s+/g, " ");
    // To SQLite, an empty file is a valid database without tables.
    return versionOf(path) === 0 ? "it holds no mesh" : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The version of the tables in a file. */
const versionOf = (path: string): number => Number(pragma(path, "user_version"));

function pragma(path: string, name: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare(`PRAGMA ${name}`).get()?.[name];
  } finally {
    db.close();
  }
}
