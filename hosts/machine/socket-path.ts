/** Where a Unix socket of the mesh is: in its data folder, where the name fits. */

import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { DataFolder } from "./data-folder.ts";

/** A Unix socket's path has 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const SOCKET_PATH_BYTES = 100;

/** A path that nothing listens on yet, and that only this user can reach. */
export function socketPath(folder: DataFolder, name: string): string {
  const path = join(folder.run, name);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) {
    rmSync(path, { force: true });
    return path;
  }
  const temporary = mkdtempSync(join(tmpdir(), "pushmesh-"));
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  return join(temporary, name);
}
