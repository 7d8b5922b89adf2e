/** Implements `pushmesh backup`, `export` and `import`, which load this in a clone of the repository (cli/clone.ts). */
import { CliFailure } from "../../cli/failure.ts";
import { MeshError } from "../../schema/errors.ts";
import { HostFailure } from "../machine/failure.ts";
import { type BackedUp, backupMesh } from "./backup.ts";
import { type Exported, exportMesh } from "./export.ts";
import { EXIT_HERE, moveFailure } from "./failure.ts";
import { type Imported, importMesh } from "./import.ts";

export const moves = {
  backup: (options: Parameters<typeof backupMesh>[0]): Promise<BackedUp> =>
    asCommand(async () => backupMesh(options)),
  export: (options: Parameters<typeof exportMesh>[0]): Promise<Exported> =>
    asCommand(() => exportMesh(options)),
  import: (options: Parameters<typeof importMesh>[0]): Promise<Imported> =>
    asCommand(() => importMesh(options)),
};

/** Turns errors of hosts, files and databases into failures of a command. */
async function asCommand<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostFailure) throw new CliFailure(EXIT_HERE, "host", error.message);
    // The error of a shared transaction has the failure as its cause.
    const root = error instanceof MeshError ? error.cause : error;
    // Errors of Node's file system and of SQLite, such as a full disk, have a code.
    if (root instanceof Error && "code" in root && !(root instanceof CliFailure))
      throw moveFailure("storage_failed", root.message);
    throw error;
  }
}
