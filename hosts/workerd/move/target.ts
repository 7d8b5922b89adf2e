/**
 * Imports an export by a workerd without a public socket and without network. Its objects write their own data, so that all files,
 * including those of alarms, are exactly as workerd makes them.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatExportLine, type SecretsLine } from "../../../schema/export.ts";
import type { MeshTarget } from "../../move/ports.ts";
import { bundleWorker } from "../bundle.ts";
import { readDefinition, SECRETS, workerdConfig } from "../config.ts";
import { WRANGLER } from "../definition.ts";
import { BUNDLE, runFiles } from "../run-files.ts";
import { Workerd } from "../workerd.ts";

/** For one batch: workerd creates some 500 objects a second. */
const BATCH_MS = 60_000;

/**
 * @param storage folder to create for the objects' databases
 * @throws {HostFailure} if workerd does not start
 */
export async function workerdTarget(storage: string, secrets: SecretsLine): Promise<MeshTarget> {
  mkdirSync(storage, { mode: 0o700 });
  // Not in the data folder, whose path may be too long for a socket.
  const run = mkdtempSync(join(tmpdir(), "pushmesh-"));
  const forget = () => rmSync(run, { recursive: true, force: true });
  process.once("exit", forget);
  const { bundle, config } = runFiles(run);
  await bundleWorker(bundle);
  const control = join(run, "control.sock");
  const text = workerdConfig(readDefinition(readFileSync(WRANGLER, "utf8")), {
    bundle: BUNDLE,
    storage,
    address: null,
    control,
    vars: { IMPORTING: "1" },
    fromEnvironment: SECRETS,
  });
  writeFileSync(config, text, { mode: 0o600 });
  const env = { MESH_KEYS: secrets.meshKeys, ADMIN_TOKEN: secrets.adminToken };
  const workerd = Workerd.start({ config, control, env });
  try {
    await workerd.controllable();
  } catch (error) {
    workerd.kill();
    throw error;
  }
  return {
    write: (lines) => workerd.ask("/import", lines.map(formatExportLine).join(""), BATCH_MS),
    async close() {
      workerd.kill();
      await workerd.ended;
      process.off("exit", forget);
      forget();
    },
  };
}
