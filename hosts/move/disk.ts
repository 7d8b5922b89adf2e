/** Makes what was written to files last through a power cut. */
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

/** Makes a new name last. */
export function syncFolderOf(path: string): void {
  sync(dirname(path));
}
