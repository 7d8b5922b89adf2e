/** Tells which devices have stored anything, by the files of a running workerd. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { uniqueKeyOf } from "./config.ts";
import { objectIdOf } from "./move/object-id.ts";
import { VOID_BYTES } from "./storage.ts";

const DEVICES = uniqueKeyOf("DeviceObject");

/**
 * Whether a device has stored anything, which its first registration does. While an object without tables is awake, it has a file of one
 * or two pages and an empty log; tables are first in the log, and in the file after a checkpoint (measured). Takes two stats of 3 µs.
 *
 * @param storage folder of the databases
 */
export function isStoredIn(storage: string): (name: string) => boolean {
  const folder = join(storage, DEVICES);
  return (name) => {
    const file = join(folder, `${objectIdOf(DEVICES, name)}.sqlite`);
    return sizeOf(file) > VOID_BYTES || sizeOf(`${file}-wal`) > 0;
  };
}

/** 0 if there is no such file, or it cannot be read. */
function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
