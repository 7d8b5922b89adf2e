/** workerd as a host of `npm start`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateFolder } from "../../cli/private-file.ts";
import { HostFailure } from "../machine/failure.ts";
import type { HostContext, MachineHost, MeshProcess } from "../machine/host.ts";
import { authority, requireFree } from "../machine/port.ts";
import { reachable } from "../machine/run.ts";
import { machineSettings } from "../machine/settings.ts";
import { socketPath } from "../machine/socket-path.ts";
import { bundleWorker } from "./bundle.ts";
import { readDefinition, SECRETS, workerdConfig } from "./config.ts";
import { WRANGLER } from "./definition.ts";
import { endOrphan } from "./orphan.ts";
import { removeVoid, requireWhole } from "./storage.ts";
import { Supervisor } from "./supervisor.ts";

const BUNDLE = "worker.js";
/** A link's socket, both ends of the way to its object, and the object's database (measured). */
const DESCRIPTORS_PER_LINK = 5;

async function prepare(context: HostContext): Promise<MeshProcess> {
  const { folder, secrets, listen, port, maxLinks, report } = context;
  if (context.trustProxy.length > 0)
    throw new HostFailure("--trust-proxy: workerd counts no addresses; leave it out");
  if (context.tls !== null)
    throw new HostFailure(
      "--tls-cert: workerd speaks plain HTTP here; use --host deno, or a proxy that ends TLS",
    );
  const definition = readDefinition(readFileSync(WRANGLER, "utf8"));
  const config = join(folder.run, "workerd.capnp");
  const pidFile = join(folder.run, "workerd.pid");
  await endOrphan(pidFile, config);
  await requireFree(listen, port);
  if (!context.isNew) requireWhole(folder.storage);
  makePrivateFolder(folder.storage);
  removeVoid(folder.storage);
  await bundleWorker(join(folder.run, BUNDLE));

  const control = socketPath(folder, "control.sock");
  const writeConfig = (listenPort: number) => {
    const text = workerdConfig(definition, {
      bundle: BUNDLE,
      storage: folder.storage,
      address: authority(listen, listenPort),
      control,
      vars: { MAX_LINKS: `${maxLinks}`, ...machineSettings() },
      fromEnvironment: SECRETS,
    });
    writeFileSync(config, text, { mode: 0o600 });
  };
  writeConfig(port);
  const supervisor = new Supervisor({
    config,
    control,
    pidFile,
    env: { MESH_KEYS: secrets.meshKeys, ADMIN_TOKEN: secrets.adminToken },
    host: reachable(listen),
    // A free port that the system chose stays the same over restarts.
    onPort: port === 0 ? writeConfig : () => {},
    log: report.problem,
  });
  return supervisor;
}

export const workerdHost: MachineHost = {
  name: "workerd",
  descriptorsPerLink: DESCRIPTORS_PER_LINK,
  prepare,
};
