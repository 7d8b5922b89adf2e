/**
 * A workerd that takes in an export. Its objects write what they are given, so that their files are as workerd itself
 * makes them, alarms included; it has no public socket, and no network.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatExportLine, type SecretsLine } from "../../../schema/export.ts";
import type { MeshTarget } from "../../move/ports.ts";
import { bundleWorker } from "../bundle.ts";
import { readDefinition, SECRETS, workerdConfig } from "../config.ts";
import { WRANGLER } from "../definition.ts";
import { Workerd } from "../workerd.ts";

const BUNDLE = "worker.js";
/** For a batch, whose devices are all new: some 500 a second are touched for the first time. */
const BATCH_MS = 60_000;

/**
 * @param storage folder to make for the objects' databases
 * @throws {HostFailure} where workerd does not come up
 */
export async function workerdTarget(storage: string, secrets: SecretsLine): Promise<MeshTarget> {
  mkdirSync(storage, { mode: 0o700 });
  // Short enough a path for a socket, whatever the data folder's is.
  const run = mkdtempSync(join(tmpdir(), "pushmesh-"));
  const forget = () => rmSync(run, { recursive: true, force: true });
  process.once("exit", forget);
  await bundleWorker(join(run, BUNDLE));
  const config = join(run, "workerd.capnp");
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
