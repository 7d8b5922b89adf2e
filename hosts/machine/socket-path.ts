/** Paths of the Unix sockets of a mesh: in its data folder, if they are short enough. */
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SOCKET_PATH_BYTES } from "../../sdk/device/daemon/constants.ts";
import type { DataFolder } from "./data-folder.ts";

/** An unused path that only this user can reach. */
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
