/** The host `workerd`. */
import { readFileSync, writeFileSync } from "node:fs";
import { makePrivateFolder } from "../../cli/files/private-file.ts";
import { keyringIn } from "../machine/data-folder.ts";
import { HostFailure } from "../machine/failure.ts";
import type { HostContext, MachineHost, MeshProcess } from "../machine/host.ts";
import { capacityFor } from "../machine/limits.ts";
import { requireFree } from "../machine/port.ts";
import { proxiesOf } from "../machine/proxies.ts";
import { machineSettings } from "../machine/settings.ts";
import { socketPath } from "../machine/socket-path.ts";
import { bundleWorker } from "./bundle.ts";
import { readDefinition, SECRETS, workerdConfig } from "./config.ts";
import { WRANGLER } from "./definition.ts";
import { Front } from "./front/front.ts";
import { endOrphan } from "./orphan.ts";
import { BUNDLE, runFiles } from "./run-files.ts";
import { prepareStorage } from "./storage.ts";
import { isStoredIn } from "./stored-devices.ts";
import { Supervisor } from "./supervisor.ts";
import { claimStorage } from "./unwritten.ts";

/** Addresses that workerd may connect to, by its own names: private ones include those of this machine. */
const NETWORKS = { off: [], public: ["public"], private: ["public", "private"] } as const;

/** A link's socket, both ends of its connection to the object, and the object's database (measured). */
const DESCRIPTORS_PER_LINK = 5;

async function prepare(context: HostContext): Promise<MeshProcess> {
  const { folder, secrets, docs, listen, port, maxLinks, webhooks, report } = context;
  if (context.tls !== null)
    throw new HostFailure(
      "--tls-cert: workerd speaks plain HTTP here; use --host deno, or a proxy that ends TLS",
    );
  const keyring = keyringIn(secrets);
  const definition = readDefinition(readFileSync(WRANGLER, "utf8"));
  const { bundle, config, pid: pidFile } = runFiles(folder.run);
  await endOrphan(pidFile, config);
  await requireFree(listen, port);
  if (!context.isNew) prepareStorage(folder.storage, folder.run);
  makePrivateFolder(folder.storage);
  claimStorage(folder.storage, folder.run);
  await bundleWorker(bundle);

  const control = socketPath(folder, "control.sock");
  const path = socketPath(folder, "http.sock");
  const text = workerdConfig(definition, {
    bundle: BUNDLE,
    storage: folder.storage,
    docs,
    address: `unix:${path}`,
    control,
    vars: { MAX_LINKS: `${maxLinks}`, WEBHOOK_TARGETS: webhooks, ...machineSettings() },
    network: NETWORKS[webhooks],
    fromEnvironment: SECRETS,
  });
  writeFileSync(config, text, { mode: 0o600 });
  return new Supervisor({
    config,
    control,
    pidFile,
    env: { MESH_KEYS: secrets.meshKeys, ADMIN_TOKEN: secrets.adminToken },
    path,
    port,
    maxLinks,
    storage: folder.storage,
    front: new Front({
      hostname: listen,
      path,
      capacity: capacityFor(maxLinks),
      keyring,
      isRegistered: isStoredIn(folder.storage),
      proxies: proxiesOf(context.trustProxy),
      log: report.problem,
    }),
    log: report.problem,
  });
}

export const workerdHost: MachineHost = {
  name: "workerd",
  descriptorsPerLink: DESCRIPTORS_PER_LINK,
  prepare,
};
