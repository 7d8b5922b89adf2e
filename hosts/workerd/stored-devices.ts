/** Tells which devices have stored anything, by the files of a running workerd. */
import { join } from "node:path";
import { uniqueKeyOf } from "./config.ts";
import { objectIdOf } from "./move/object-id.ts";
import { VOID_BYTES } from "./storage.ts";
import { sizeOf } from "./unwritten.ts";

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
    try {
      return sizeOf(file) > VOID_BYTES || sizeOf(`${file}-wal`) > 0;
    } catch {
      // It cannot be read.
      return false;
    }
  };
}
