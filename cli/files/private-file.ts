/** Files and folders that hold secrets. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const IS_DENO = "Deno" in globalThis;

/** Makes a folder and those above it, for the user alone (0700). @throws the error of the file system */
export const makePrivateFolder = (path: string): void => makeFolder(path, 0o700);

/**
 * Makes a folder and those above it. One that is there stays as it is.
 *
 * Not by mkdir's own `recursive`, except on Deno, where the mesh may not look at the folders above its own: Node 24 never returns from that if a file system, such as /proc, answers
 * that the parent of a new folder is missing although it is there.
 *
 * @param hasAbove the folder above was there, or was made
 * @throws the error of the file system.
 */
export function makeFolder(path: string, mode = 0o777, hasAbove = false): void {
  try {
    mkdirSync(path, { mode, recursive: IS_DENO });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (hasAbove || code !== "ENOENT") throw error;
    // Another command may have made it since.
    if (!existsSync(dirname(path))) makeFolder(dirname(path), mode);
    makeFolder(path, mode, true);
  }
}

/**
 * Writes JSON that only the user may read (0600; folders on the way 0700), whole or not at all.
 *
 * @throws the error of the file system.
 */
export function writePrivate(file: string, value: unknown): void {
  writePrivateText(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** The same for text. It is on disk before it takes the file's name: a power cut leaves the old one or the new one. */
export function writePrivateText(file: string, text: string): void {
  makePrivateFolder(dirname(file));
  const part = `${file}.${process.pid}.part`;
  try {
    writeFileSync(part, text, { mode: 0o600, flush: true });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
