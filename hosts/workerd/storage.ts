/** Checks the objects' databases before workerd starts, which takes an empty file for an object that never stored anything. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostFailure } from "../machine/failure.ts";
import { isOwnStorage, isUnwritten, JOURNAL, removeDatabase, sizeOf } from "./unwritten.ts";

/** workerd's table, in every database that it creates. */
const OWN_TABLE = "_cf_METADATA";
/** A database without tables has two pages; with the tables of any object it has five or more (measured). */
export const VOID_BYTES = 16_384;

/**
 * Checks that no database was emptied, then removes databases without tables, and those whose creation was interrupted. Walks through the
 * folder once, with a stat of each file (3 µs) and a read of the small ones.
 *
 * workerd creates a file for every object that is called, even for a device that a stranger made up, and never removes one. To be called
 * only while no workerd runs, which would continue to use a removed file.
 *
 * @param storage folder of the databases
 * @param run folder of `claimStorage`
 * @returns how many were removed
 * @throws {HostFailure} naming the damaged file, or the folder if it is missing; nothing is removed then
 */
export function prepareStorage(storage: string, run: string): number {
  const beginAnew = "restore it from a backup, or move the data folder away to begin anew";
  if (!existsSync(storage)) throw new HostFailure(`${storage} is missing; ${beginAnew}`);
  const isOwn = isOwnStorage(storage, run);
  const paths = readdirSync(storage, { recursive: true, encoding: "utf8" });
  const made = new Set(paths.filter((path) => path.endsWith(JOURNAL)));
  const unwritten: string[] = [];
  const small: string[] = [];
  for (const path of paths) {
    if (!path.endsWith(".sqlite")) continue;
    const file = join(storage, path);
    const { size } = statSync(file);
    if ((size === 0 || made.has(`${path}${JOURNAL}`)) && isUnwritten(file, isOwn))
      unwritten.push(file);
    else if (size === 0) throw new HostFailure(`${file} is damaged (it is empty); ${beginAnew}`);
    else if (size <= VOID_BYTES && isObject(file)) small.push(file);
  }
  const voids = [...unwritten, ...small.filter(isVoid)];
  for (const file of voids) removeDatabase(file);
  return voids.length;
}

/**
 * Removes the databases whose creation was interrupted when workerd ended, before it is restarted in the same run. workerd would create
 * them again, and if it were killed once more, leave files that look emptied.
 */
export function sweepStorage(storage: string): void {
  for (const path of readdirSync(storage, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(JOURNAL)) continue;
    const file = join(storage, path.slice(0, -JOURNAL.length));
    if (existsSync(file) && isUnwritten(file, true)) removeDatabase(file);
  }
}

/** Whether it is the database of an object, not of a class's alarms (`metadata.sqlite`). */
const isObject = (file: string): boolean => /^[0-9a-f]{64}\.sqlite$/.test(basename(file));

/** Whether a database has no tables. If it has a log, whose contents are unknown here, the next start decides. */
function isVoid(file: string): boolean {
  if (sizeOf(`${file}-wal`) > 0) return false;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master").all();
    return tables.every(({ name }) => name === OWN_TABLE);
  } catch {
    // Damaged databases are not removed: their objects report the damage.
    return false;
  } finally {
    database.close();
  }
}
