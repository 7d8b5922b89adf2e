/** Which devices anything is stored of, seen at the files of a workerd that runs. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { uniqueKeyOf } from "./config.ts";
import { objectIdOf } from "./move/object-id.ts";
import { VOID_BYTES } from "./storage.ts";

const DEVICES = uniqueKeyOf("DeviceObject");

/**
 * Whether the device of a name has stored anything: a first registration does. An object without tables has a file of one page or
 * two and an empty log beside it while it is awake; the tables are in the log first, and in the file once that is taken up
 * (measured). Two looks, of 3 µs each.
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

/** 0 for none, and for one that cannot be looked at. */
function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
