/** What `pushmesh backup`, `export` and `import` do; they load this where they run in a clone (cli/clone.ts). */
import { CliFailure } from "../../cli/failure.ts";
import { MeshError } from "../../schema/errors.ts";
import { HostFailure } from "../machine/failure.ts";
import { type BackedUp, backupMesh } from "./backup.ts";
import { type Exported, exportMesh } from "./export.ts";
import { EXIT_HERE, moveFailure } from "./failure.ts";
import { type Imported, importMesh } from "./import.ts";

export const moves = {
  backup: (options: Parameters<typeof backupMesh>[0]): Promise<BackedUp> =>
    told(async () => backupMesh(options)),
  export: (options: Parameters<typeof exportMesh>[0]): Promise<Exported> =>
    told(() => exportMesh(options)),
  import: (options: Parameters<typeof importMesh>[0]): Promise<Imported> =>
    told(() => importMesh(options)),
};

/** Turns what hosts, files and databases say into what a command says. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostFailure) throw new CliFailure(EXIT_HERE, "host", error.message);
    // A database that shares its transactions says what failed as the cause.
    const root = error instanceof MeshError ? error.cause : error;
    // A full disk, missing rights: Node's file system and SQLite give such errors a code.
    if (root instanceof Error && "code" in root && !(root instanceof CliFailure))
      throw moveFailure("storage_failed", root.message);
    throw error;
  }
}
