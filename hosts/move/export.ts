/** Exports all data of a stopped mesh to a file that any host can import. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { MovedCounts } from "../../cli/clone.ts";
import { readDemo } from "../../cli/files/demo-file.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import type { LostSecret } from "../../core/move/app.ts";
import { type DataFolder, keyringIn } from "../machine/data-folder.ts";
import type { HostName } from "../machine/host.ts";
import { Counter } from "./counter.ts";
import { lockFolder, openMeshFolder } from "./folder.ts";
import type { MeshSource } from "./ports.ts";
import { ExportWriter } from "./writer.ts";

/** Lines written in one turn; between turns, signals are handled. */
const TURN_LINES = 1_000;

export interface Exported extends MovedCounts {
  readonly file: string;
  readonly bytes: number;
  /** Secrets that the mesh keys do not open, and that the file therefore lacks; absent for none. */
  readonly lost?: readonly LostSecret[];
}

/**
 * @param options.data the data folder
 * @param options.to the file to create
 * @param options.signal cancels the export
 * @throws CliFailure, HostFailure
 */
export async function exportMesh(options: {
  readonly data: string;
  readonly to: string;
  readonly signal: AbortSignal;
}): Promise<Exported> {
  const { folder, owner, secrets } = openMeshFolder(options.data);
  const lock = lockFolder(folder);
  const file = resolve(options.to);
  try {
    const writer = new ExportWriter(file, Date.now());
    try {
      writer.write({ kind: "secrets", ...secrets });
      const demo = readDemo(folder.demo);
      if (demo?.app != null) writer.write({ kind: "demo", url: demo.url, ...demo.app });
      const counter = new Counter();
      const lost: LostSecret[] = [];
      const source = await SOURCES[owner](folder, keyringIn(secrets));
      try {
        for (const line of source.lines((secret) => lost.push(secret))) {
          writer.write(line);
          counter.add(line);
          if (writer.lines % TURN_LINES === 0) await setImmediate();
          options.signal.throwIfAborted();
        }
      } finally {
        source.close();
      }
      const missing = lost.length === 0 ? {} : { lost };
      return { file, bytes: writer.finish(), ...counter.counts, ...missing };
    } catch (error) {
      writer.abandon();
      throw error;
    }
  } finally {
    lock.release();
  }
}

/** Opens the data of each host. Its modules are imported here only: they need packages that another host may lack. */
const SOURCES: Readonly<
  Record<HostName, (folder: DataFolder, keyring: Keyring) => Promise<MeshSource>>
> = {
  deno: async ({ database }, keyring) =>
    (await import("../deno/move.ts")).denoSource(database, keyring),
  async workerd({ run, fresh, storage }, keyring) {
    const { endOrphan } = await import("../workerd/orphan.ts");
    const { runFiles } = await import("../workerd/run-files.ts");
    const { pid, config } = runFiles(run);
    await endOrphan(pid, config);
    // As before a start: an emptied database would look like an unused object, and an interrupted one cannot be read.
    const { prepareStorage } = await import("../workerd/storage.ts");
    if (!existsSync(fresh)) prepareStorage(storage, run);
    return (await import("../workerd/move/source.ts")).workerdSource(storage, keyring);
  },
};
