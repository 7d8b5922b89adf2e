/** Creates a data folder from an export. */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { MovedCounts } from "../../cli/clone.ts";
import { writePrivate } from "../../cli/files/private-file.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { MeshError } from "../../schema/errors.ts";
import type { DataLine, DemoLine, SecretsLine } from "../../schema/export.ts";
import { type DataFolder, keyringIn, openDataFolder } from "../machine/data-folder.ts";
import type { HostName } from "../machine/host.ts";
import { claimFolder } from "../machine/owner.ts";
import { BATCH_LINES } from "./batch.ts";
import { Counter } from "./counter.ts";
import { sync } from "./disk.ts";
import { moveFailure } from "./failure.ts";
import { IMPORT_PART, lockFolder, makeEmptyFolder } from "./folder.ts";
import type { MeshTarget } from "./ports.ts";
import { readExport } from "./reader.ts";
import { Refs } from "./refs.ts";

export interface Imported extends MovedCounts {
  /** The data folder. */
  readonly data: string;
  readonly host: HostName;
}

interface Target {
  /** Where the data of its objects is. */
  data(folder: DataFolder): string;
  /** Imports the modules of the host, which need packages that another host may lack. */
  open(part: string, secrets: SecretsLine): Promise<MeshTarget>;
}

const TARGETS: Readonly<Record<HostName, Target>> = {
  deno: {
    data: ({ database }) => database,
    open: async (part, secrets) =>
      (await import("../deno/move.ts")).denoTarget(part, keyringIn(secrets)),
  },
  workerd: {
    data: ({ storage }) => storage,
    open: async (part, secrets) =>
      (await import("../workerd/move/target.ts")).workerdTarget(part, secrets),
  },
};

/**
 * @param options.data the folder to create; it may exist if it is empty
 * @param options.from the export
 * @param options.host the host that will run the mesh
 * @param options.signal cancels the import
 * @throws CliFailure, HostFailure; nothing is left behind then
 */
export async function importMesh(options: {
  readonly data: string;
  readonly from: string;
  readonly host: HostName;
  readonly signal: AbortSignal;
}): Promise<Imported> {
  const { from, host, signal } = options;
  await requireWhole(from);
  process.umask(0o077);
  const isNew = !existsSync(resolve(options.data));
  const root = makeEmptyFolder(options.data);
  const before = new Set(readdirSync(root));
  const folder = openDataFolder(root);
  const lock = lockFolder(folder);
  const remove = (isOurs: (name: string) => boolean) => {
    for (const name of readdirSync(root).filter(isOurs))
      rmSync(join(root, name), { recursive: true, force: true });
  };
  try {
    // Left by a killed import.
    remove((name) => name.startsWith(IMPORT_PART));
    const counts = await fill(folder, from, host, signal);
    return { data: root, host, ...counts };
  } catch (error) {
    remove((name) => !before.has(name));
    if (isNew) rmSync(root, { recursive: true });
    throw error;
  } finally {
    lock.release();
  }
}

/** Reads the whole export before anything is created: only its end shows that it is complete. */
async function requireWhole(file: string): Promise<void> {
  for await (const line of readExport(file)) {
    if (line.kind !== "secrets") continue;
    const keyring = keyringOf(line.meshKeys);
    if (typeof keyring === "string")
      throw moveFailure("export_damaged", `${file}: meshKeys: ${keyring}; nothing was imported`);
  }
}

async function fill(
  folder: DataFolder,
  from: string,
  host: HostName,
  signal: AbortSignal,
): Promise<MovedCounts> {
  const part = join(folder.root, IMPORT_PART);
  const { counts, secrets, demo } = await writeObjects(part, from, host, signal);
  claimFolder(folder, host);
  const { kind: _, ...ownSecrets } = secrets;
  writePrivate(folder.secrets, ownSecrets);
  if (demo !== undefined) {
    const { kind: __, ...ownDemo } = demo;
    writePrivate(folder.demo, { ...ownDemo, adminTokenFile: folder.secrets });
  }
  // Last, and atomic: a folder that has data has all of it, and the keys for it.
  renameSync(part, TARGETS[host].data(folder));
  sync(folder.root);
  return counts;
}

/** @param part path to write the objects' data to */
async function writeObjects(part: string, from: string, host: HostName, signal: AbortSignal) {
  const counter = new Counter();
  const refs = new Refs();
  let secrets: SecretsLine | undefined;
  let demo: DemoLine | undefined;
  let target: MeshTarget | undefined;
  let batch: DataLine[] = [];
  try {
    for await (const line of readExport(from)) {
      if (line.kind === "secrets") {
        secrets = line;
        target = await TARGETS[host].open(part, line);
      } else if (line.kind === "demo") demo = line;
      else {
        counter.add(line);
        batch.push(refs.renew(line));
        if (batch.length < BATCH_LINES) continue;
        await write(target, batch);
        signal.throwIfAborted();
        batch = [];
      }
    }
    await write(target, batch);
  } finally {
    await target?.close();
  }
  // Unreachable: the reader refuses a file without secrets.
  if (secrets === undefined) throw new Error("an export without secrets");
  return { counts: counter.counts, secrets, demo };
}

/** @throws CliFailure if the objects do not accept the data, although the checksum of the export is right */
async function write(target: MeshTarget | undefined, batch: readonly DataLine[]): Promise<void> {
  try {
    await target?.write(batch);
  } catch (error) {
    // The cause is the error of the database, or of workerd.
    const { message } = (error instanceof MeshError ? error.cause : error) as Error;
    throw moveFailure("import_failed", `the data was not taken: ${message}`);
  }
}
