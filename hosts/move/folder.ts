/** Data folders as these commands find them. */
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
export interface MeshFolder {
  readonly folder: DataFolder;
  readonly owner: HostName;
  readonly secrets: Secrets;
}

/**
 * Finds the mesh in a folder, and makes none.
 *
 * @throws CliFailure or HostFailure where there is none, or not all of it
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

/** @throws CliFailure while a mesh, or another of these commands, has the folder */
export function lockFolder({ root, lock: file }: DataFolder): Lock {
  const lock = takeLock(file);
  if (lock === undefined)
    throw moveFailure("folder_in_use", `the data folder ${root} is in use`, "Stop the mesh first.");
  return lock;
}

/** Where an import makes its data, until it is whole. */
export const IMPORT_PART = "import.part";

/** Whether nothing is in a folder but what a file system, a start that failed or an import that was killed leaves there. */
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
 * Makes a folder, or takes one that is empty.
 *
 * @throws CliFailure where something is in it, or it cannot be made
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
