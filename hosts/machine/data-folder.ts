/**
 * The data folder of a mesh on one machine, mode 0700:
 *
 * | path | contents |
 * |---|---|
 * | `secrets.json` | mesh keys and admin token, mode 0600; the only file that cannot be recreated |
 * | `mesh.db` | the database of the Deno host, with `mesh.db-wal` and `mesh.db-shm` while it runs |
 * | `storage/` | the objects' databases of the workerd host |
 * | `host` | name of the host that the data belongs to |
 * | `demo.json` | the demo app and its key, for the commands (mode 0600) |
 * | `new` | exists until the first start has created the database: without it, missing data is an error |
 * | `lock` | held by the process that uses the folder |
 * | `run/` | bundle, configuration, process ID and sockets (control, http, admin), created at each start |
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { makePrivateFolder, writePrivate, writePrivateText } from "../../cli/files/private-file.ts";
import { type Keyring, keyringOf } from "../../core/identity/keyring.ts";
import { HostFailure } from "./failure.ts";

/** Size of a mesh key, as core/identity requires, and of the admin token, for the same strength. */
const SECRET_BYTES = 32;

const secretsFile = z.strictObject({
  meshKeys: z.string().min(1),
  adminToken: z.string().regex(/^\S{16,}$/),
});
export type Secrets = z.infer<typeof secretsFile>;

export interface DataFolder {
  readonly root: string;
  readonly database: string;
  readonly storage: string;
  readonly owner: string;
  readonly run: string;
  readonly lock: string;
  readonly demo: string;
  readonly secrets: string;
  readonly fresh: string;
}

/**
 * Creates the missing parts of the folder.
 *
 * @throws {HostFailure} if it cannot be created or written
 */
export function openDataFolder(path: string): DataFolder {
  const root = resolve(path);
  const folder: DataFolder = {
    root,
    database: join(root, "mesh.db"),
    storage: join(root, "storage"),
    owner: join(root, "host"),
    run: join(root, "run"),
    lock: join(root, "lock"),
    demo: join(root, "demo.json"),
    secrets: join(root, "secrets.json"),
    fresh: join(root, "new"),
  };
  try {
    requireOwn(root);
    for (const made of [root, folder.run]) makePrivateFolder(made);
    // An existing folder may be readable by others.
    chmodSync(root, 0o700);
    for (const made of [root, folder.run])
      accessSync(made, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof HostFailure) throw error;
    throw new HostFailure(`the data folder ${root} cannot be written: ${(error as Error).message}`);
  }
  return folder;
}

/** Group and others may write. */
const OTHERS_WRITE = 0o022;

/**
 * What another user made or could have changed is not used: its owner could read the mesh's secrets, or replace them. An empty folder holds
 * nothing of anybody, and becomes private.
 *
 * @throws {HostFailure}
 */
function requireOwn(root: string): void {
  const found = statSync(root, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (found === undefined || user === undefined) return;
  const own = [root, join(root, "secrets.json"), join(root, "mesh.db"), join(root, "storage")];
  for (const path of own) {
    const uid: number = lstatSync(path, { throwIfNoEntry: false })?.uid ?? user;
    // A link to a folder may be root's, such as /var/run.
    if (uid !== user && (path !== root || found.uid !== user))
      throw new HostFailure(
        `${path} belongs to another user (uid ${uid}, and this is ${user}): give a folder of your own with --data-dir, or chown it`,
      );
  }
  if ((found.mode & OTHERS_WRITE) !== 0 && readdirSync(root).length > 0)
    throw new HostFailure(
      `other users can write the data folder ${root}: look whether its files are yours, then chmod 700 it`,
    );
}

/**
 * Whether no mesh has ever run in a folder, so that a missing database is not a lost one. To be called before owner and secrets are
 * created; marks a new folder, so that after a killed first start the next one is a first start, too.
 */
export function isNewFolder(folder: DataFolder): boolean {
  if (existsSync(folder.fresh)) return true;
  // A backup has no secrets.
  if (existsSync(folder.owner) && (existsSync(folder.secrets) || hasData(folder))) return false;
  writePrivateText(folder.fresh, "the first start has not ended\n");
  return true;
}

/** To be called when the first start has created everything: from now on, missing data is an error. */
export function endFirstStart({ fresh }: DataFolder): void {
  rmSync(fresh, { force: true });
}

/** Whether a mesh has stored anything in the folder. */
function hasData({ database, storage }: DataFolder): boolean {
  return existsSync(database) || (existsSync(storage) && readdirSync(storage).length > 0);
}

/**
 * Reads the secrets, or creates them from the system's random source.
 *
 * @throws {HostFailure} if the file cannot be read, or is missing although there is data: new keys would invalidate every regId and every
 *   device's credential, so none are created
 */
export function openSecrets(folder: DataFolder): Secrets {
  const file = folder.secrets;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw new HostFailure(`${file} cannot be read: ${(error as Error).message}`);
    if (hasData(folder))
      throw new HostFailure(
        `${file} is missing; put back the copy that you keep apart from backups, or move the folder away`,
      );
    const made: Secrets = {
      meshKeys: `1:${randomBytes(SECRET_BYTES).toString("base64url")}`,
      adminToken: randomBytes(SECRET_BYTES).toString("base64url"),
    };
    writePrivate(file, made);
    return made;
  }
  try {
    chmodSync(file, 0o600);
    return secretsFile.parse(JSON.parse(text));
  } catch {
    throw new HostFailure(`${file} is damaged; restore it from a backup, or move the folder away`);
  }
}

/** @throws {HostFailure} if the mesh keys are not valid */
export function keyringIn({ meshKeys }: Secrets): Keyring {
  const keyring = keyringOf(meshKeys);
  if (typeof keyring === "string") throw new HostFailure(`secrets.json: ${keyring}`);
  return keyring;
}
