/** The objects' databases, looked at before workerd takes an empty one for an object that never stored anything. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostFailure } from "../machine/failure.ts";
import { isOwnStorage, isUnwritten, JOURNAL, removeDatabase } from "./unwritten.ts";

/** workerd's own table, in every database that it makes. */
const OWN_TABLE = "_cf_METADATA";
/** A database without tables has two pages, one with the tables of any object five or more (measured). */
export const VOID_BYTES = 16_384;

/**
 * Sees that no database was emptied, and then removes those that hold no table, and those whose making a kill ended: in one walk
 * through the folder, a look at each file (3 µs) and a read of the small ones.
 *
 * workerd makes a file for every object that is asked anything, also for a device that a stranger made up, and never removes one. Only
 * while no workerd runs: it would go on in a file that is gone.
 *
 * @param storage folder of the databases
 * @param run folder of `claimStorage`
 * @returns how many were removed
 * @throws {HostFailure} naming the file, or the folder where it is missing; then none was removed
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
 * Removes the databases whose making was under way when workerd ended, before it is started again in the same run: it would begin them
 * anew, and a second kill leave a file that looks emptied.
 */
export function sweepStorage(storage: string): void {
  for (const path of readdirSync(storage, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(JOURNAL)) continue;
    const file = join(storage, path.slice(0, -JOURNAL.length));
    if (existsSync(file) && isUnwritten(file, true)) removeDatabase(file);
  }
}

/** Not the alarms of a class, `metadata.sqlite`. */
const isObject = (file: string): boolean => /^[0-9a-f]{64}\.sqlite$/.test(basename(file));

/** Of what a log holds nothing is known before workerd takes it up: that is for the next start. */
function isVoid(file: string): boolean {
  if (sizeOf(`${file}-wal`) > 0) return false;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master").all();
    return tables.every(({ name }) => name === OWN_TABLE);
  } catch {
    // A damaged one is not ours to remove: its object says so.
    return false;
  } finally {
    database.close();
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
