/**
 * Databases that workerd was making when it was killed. It makes a file of 0 bytes, begins a journal, and writes the first page a few
 * milliseconds later (strace); until then nothing is stored in it, and nothing was answered from it.
 *
 * Damage, too, leaves files of 0 bytes, and a mesh must not begin anew in the place of what it lost. A file tells the two apart:
 * nobody has touched it since it was made. A copy of a damaged file would look the same, and so would one that a full disk left of a
 * backup: so that counts only in the very folder that workerd last worked in, of which `claimStorage` keeps the inode.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writePrivateText } from "../../cli/files/private-file.ts";

/** A database has no more while it is made: its first page. */
const FIRST_PAGE_BYTES = 4_096;
/** At the head of the journal of a transaction that has begun to change the database. */
const JOURNAL_MAGIC = Buffer.from("d9d505f920a163d7", "hex");
/** Where the head says how many pages the database had before. */
const PAGES_AT = 16;
const HEAD_BYTES = 20;
/** In the run folder. */
const MARK = "storage";

/** Of the journal, after the database's name; it is there during a transaction only, and workerd makes but the database in one. */
export const JOURNAL = "-journal";

/** Remembers the folder that workerd is about to work in. */
export function claimStorage(storage: string, run: string): void {
  writePrivateText(join(run, MARK), `${inodeOf(storage)}\n`);
}

/** Whether workerd last worked in this very folder, and not in one that it was copied from. */
export function isOwnStorage(storage: string, run: string): boolean {
  try {
    return readFileSync(join(run, MARK), "utf8").trim() === `${inodeOf(storage)}`;
  } catch {
    return false;
  }
}

const inodeOf = (path: string): bigint => statSync(path, { bigint: true }).ino;

/**
 * Whether a kill ended the making of a database, so that it holds nothing.
 *
 * @param file the database; no workerd has it open
 * @param isOwn of `isOwnStorage`
 */
export function isUnwritten(file: string, isOwn: boolean): boolean {
  const size = statSync(file).size;
  if (size > FIRST_PAGE_BYTES || sizeOf(`${file}-wal`) > 0) return false;
  return isMadeBy(`${file}${JOURNAL}`) || (size === 0 && isOwn && isUntouched(file));
}

/** Removes a database with what is beside it, which SQLite takes for nobody's where it makes the database anew. */
export function removeDatabase(file: string): void {
  for (const suffix of ["", JOURNAL, "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}

/** Whether a journal is of the transaction that makes its database: SQLite, too, would go back to no page at all by it. */
function isMadeBy(journal: string): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  let file: number;
  try {
    file = openSync(journal, "r");
  } catch {
    return false;
  }
  try {
    if (fstatSync(file).size < HEAD_BYTES) return false;
    readSync(file, head, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(file);
  }
  return (
    head.subarray(0, JOURNAL_MAGIC.length).equals(JOURNAL_MAGIC) &&
    head.readUInt32BE(PAGES_AT) === 0
  );
}

/** Whether nothing was ever written to a file, nor cut from it. Where a file system does not tell when it was made, by all its times. */
function isUntouched(file: string): boolean {
  const { birthtimeNs, mtimeNs, ctimeNs, atimeNs } = statSync(file, { bigint: true });
  if (birthtimeNs > 0n) return mtimeNs === birthtimeNs;
  return mtimeNs === ctimeNs && mtimeNs === atimeNs;
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
