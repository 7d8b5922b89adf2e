/**
 * Recognizes databases that workerd was creating when it was killed. It creates a file of 0 bytes, starts a journal, and writes the first
 * page a few milliseconds later (strace); until then the database contains nothing, and nothing was answered from it.
 *
 * Damage also leaves files of 0 bytes, and a mesh must not replace lost data by an empty database. The difference is that a file being
 * created was never modified. But a copy of a damaged file, or a backup truncated by a full disk, would look the same, so this counts only
 * in the folder that workerd last used, whose inode `claimStorage` records.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writePrivateText } from "../../cli/files/private-file.ts";

/** While a database is being created, it has at most its first page. */
const FIRST_PAGE_BYTES = 4_096;
/** First bytes of the journal of a transaction that changes the database. */
const JOURNAL_MAGIC = Buffer.from("d9d505f920a163d7", "hex");
/** Position of the number of pages that the database had before. */
const PAGES_AT = 16;
const HEAD_BYTES = 20;
/** File in the run folder. */
const MARK = "storage";

/** Suffix of the journal, which exists only during a transaction; workerd uses one only to create the database. */
export const JOURNAL = "-journal";

/** Records the folder that workerd is going to use. */
export function claimStorage(storage: string, run: string): void {
  writePrivateText(join(run, MARK), `${inodeOf(storage)}\n`);
}

/** Whether workerd last used this folder itself, not one that it was copied from. */
export function isOwnStorage(storage: string, run: string): boolean {
  try {
    return readFileSync(join(run, MARK), "utf8").trim() === `${inodeOf(storage)}`;
  } catch {
    return false;
  }
}

const inodeOf = (path: string): bigint => statSync(path, { bigint: true }).ino;

/**
 * Whether the creation of a database was interrupted, so that it contains nothing.
 *
 * @param file the database, which no workerd has open
 * @param isOwn result of `isOwnStorage`
 */
export function isUnwritten(file: string, isOwn: boolean): boolean {
  const size = statSync(file).size;
  if (size > FIRST_PAGE_BYTES || sizeOf(`${file}-wal`) > 0) return false;
  return isMadeBy(`${file}${JOURNAL}`) || (size === 0 && isOwn && isUntouched(file));
}

/** Removes a database with its journal and log, which SQLite would not accept for a new database. */
export function removeDatabase(file: string): void {
  for (const suffix of ["", JOURNAL, "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}

/** Whether a journal belongs to the transaction that creates its database: SQLite would roll back to zero pages. */
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

/** Whether a file was never modified. Compares all its times if the file system does not record when it was created. */
function isUntouched(file: string): boolean {
  const { birthtimeNs, mtimeNs, ctimeNs, atimeNs } = statSync(file, { bigint: true });
  if (birthtimeNs > 0n) return mtimeNs === birthtimeNs;
  return mtimeNs === ctimeNs && mtimeNs === atimeNs;
}

/** 0 if there is no such file. */
export const sizeOf = (file: string): number =>
  statSync(file, { throwIfNoEntry: false })?.size ?? 0;
