/** Syncs files, so that they survive a power cut. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** Syncs a file, or a folder's list of names. */
export function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Syncs the folder of a new file, so that its name survives, too. */
export function syncFolderOf(path: string): void {
  sync(dirname(path));
}
