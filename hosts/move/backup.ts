/** Backs up the data of a running mesh, as of one moment. */
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makePrivateFolder } from "../../cli/files/private-file.ts";
import { faultOf } from "../deno/store/open.ts";
import { openDataFolder } from "../machine/data-folder.ts";
import { claimFolder } from "../machine/owner.ts";
import { sync } from "./disk.ts";
import { moveFailure } from "./failure.ts";
import { openMeshFolder } from "./folder.ts";
import { Refs } from "./refs.ts";

export interface BackedUp {
  /** The new folder. */
  readonly folder: string;
  /** Size of its database. */
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Creates a data folder on which a mesh can be started, with its secrets: who has the database alone can sign nothing.
 *
 * @param options.data the data folder of a mesh on Deno, running or stopped
 * @param options.to the folder to create
 * @param options.withSecrets also copies `secrets.json` and `demo.json`
 * @throws CliFailure, HostFailure; nothing is left behind then
 */
export function backupMesh(options: {
  readonly data: string;
  readonly to: string;
  readonly withSecrets: boolean;
}): BackedUp {
  const startedAt = performance.now();
  const { folder, owner } = openMeshFolder(options.data);
  if (owner !== "deno")
    throw moveFailure(
      "host_unsuited",
      `the mesh in ${folder.root} runs on ${owner}, whose data is in many files`,
      "Stop it and copy the folder, or use pushmesh export.",
    );
  const to = resolve(options.to);
  if (existsSync(to))
    throw moveFailure("file_exists", `${to} is there already`, "Name a new folder.");
  const part = `${to}.${process.pid}.part`;
  try {
    process.umask(0o077);
    makePrivateFolder(part);
    const copy = openDataFolder(part);
    copyDatabase(folder.database, copy.database);
    for (const file of ["secrets", "demo"] as const) {
      if (!options.withSecrets || !existsSync(folder[file])) continue;
      copyFileSync(folder[file], copy[file]);
      sync(copy[file]);
    }
    claimFolder(copy, owner);
    sync(part);
    renameSync(part, to);
    sync(dirname(to));
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw error;
  }
  const { size } = statSync(join(to, "mesh.db"));
  return { folder: to, bytes: size, tookMs: Math.round(performance.now() - startedAt) };
}

/**
 * Copies in one read transaction, during which the mesh continues to write to its log. The copy is checked afterwards.
 */
function copyDatabase(from: string, to: string): void {
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    source.prepare("VACUUM INTO ?").run(to);
  } finally {
    source.close();
  }
  chmodSync(to, 0o600);
  const copy = new DatabaseSync(to);
  try {
    // A half-finished copy is discarded, so it needs no journal.
    copy.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
    new Refs().renewAll(copy);
  } finally {
    copy.close();
  }
  const fault = faultOf(to);
  if (fault !== undefined) throw moveFailure("folder_damaged", `${from} is damaged: ${fault}`);
  sync(to);
}
