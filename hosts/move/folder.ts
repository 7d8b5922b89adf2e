/** Finds, locks and creates data folders for these commands. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Lock, takeLock } from "../../cli/files/lock.ts";
import { makePrivateFolder } from "../../cli/files/private-file.ts";
import {
  type DataFolder,
  openDataFolder,
  openSecrets,
  type Secrets,
} from "../machine/data-folder.ts";
import type { HostName } from "../machine/host.ts";
import { ownerOf } from "../machine/owner.ts";
import { moveFailure } from "./failure.ts";

/** A data folder with a mesh in it. */
interface MeshFolder {
  readonly folder: DataFolder;
  readonly owner: HostName;
  readonly secrets: Secrets;
}

/**
 * Finds the mesh in a folder.
 *
 * @throws CliFailure or HostFailure if there is none, or it is incomplete
 */
export function openMeshFolder(path: string): MeshFolder {
  const root = resolve(path);
  const missing = () => moveFailure("folder_missing", `there is no mesh in ${root}`);
  if (!existsSync(root)) throw missing();
  const folder = openDataFolder(root);
  const owner = ownerOf(folder);
  if (owner === undefined) throw missing();
  if (!existsSync(folder.secrets))
    throw moveFailure("folder_damaged", `${folder.secrets} is missing`);
  return { folder, owner, secrets: openSecrets(folder) };
}

/** @throws CliFailure if a mesh, or another of these commands, uses the folder */
export function lockFolder({ root, lock: file }: DataFolder): Lock {
  const lock = takeLock(file);
  if (lock === undefined)
    throw moveFailure("folder_in_use", `the data folder ${root} is in use`, "Stop the mesh first.");
  return lock;
}

/** Prefix of an import's data until it is complete. */
export const IMPORT_PART = "import.part";

/** Whether a folder is empty, except for what a file system, a failed start or a killed import leaves. */
function isEmpty(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).every(
    (entry) =>
      entry.name === "lock" ||
      entry.name === "lost+found" ||
      entry.name.startsWith(IMPORT_PART) ||
      (entry.isDirectory() && isEmpty(join(folder, entry.name))),
  );
}

/**
 * Creates a folder, or uses an empty one.
 *
 * @throws CliFailure if it is not empty, or cannot be created
 */
export function makeEmptyFolder(path: string): string {
  const root = resolve(path);
  try {
    if (existsSync(root) && !isEmpty(root))
      throw moveFailure("folder_not_empty", `${root} is not empty`, "Name a new folder.");
    makePrivateFolder(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw moveFailure("folder_unwritable", `${root} cannot be made: ${(error as Error).message}`);
  }
  return root;
}
