/** The mesh as hosts/workerd runs it, and a worker as the control, each under a workerd of its own. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../hosts/workerd/bundle.ts";
import {
  readDefinition,
  type WorkerDefinition,
  workerdConfig,
} from "../../hosts/workerd/config.ts";
import { Workerd } from "../../hosts/workerd/workerd.ts";
import { adminTokenIn, type BenchHost, HOST, readyLine, type Server, serverOf } from "./host.ts";

/** Beside the configuration, which names it so. */
const BUNDLE = "worker.js";
const SERVE = fileURLToPath(new URL("../../hosts/workerd/serve.ts", import.meta.url));
const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
const CONTROL_ENTRY = fileURLToPath(new URL("../control/worker.ts", import.meta.url));

interface Worker {
  readonly definition: WorkerDefinition;
  /** Module to bundle; the deployed worker where there is none. */
  readonly entry?: string;
  readonly secrets: Readonly<Record<string, string>>;
}

async function start(folder: string, { definition, entry, secrets }: Worker): Promise<Server> {
  const storage = join(folder, "storage");
  const config = join(folder, "config.capnp");
  const control = join(folder, "control.sock");
  mkdirSync(storage, { recursive: true });
  await bundleWorker(join(folder, BUNDLE), entry);
  const text = workerdConfig(definition, {
    bundle: BUNDLE,
    storage,
    control,
    address: `${HOST}:0`,
    vars: {},
    fromEnvironment: Object.keys(secrets),
  });
  writeFileSync(config, text);
  const workerd = Workerd.start({ config, control, env: secrets });
  return serverOf(workerd.pid, await workerd.ready(HOST), () => workerd.kill());
}

const definition = (): WorkerDefinition => readDefinition(readFileSync(WRANGLER, "utf8"));

function startControl(folder: string): Promise<Server> {
  const objects = [{ binding: "DEVICES", className: "ControlDevice" }];
  const worker = { definition: { ...definition(), objects }, entry: CONTROL_ENTRY, secrets: {} };
  return start(folder, worker);
}

/** As users start it: the supervisor with the front that has the public port, and workerd behind it. */
export const workerdHost: BenchHost = {
  async startMesh(folder) {
    const args = [SERVE, "--port", "0", "--data-dir", folder, "--json"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    if (child.pid === undefined) throw new Error(`${process.execPath} cannot be run`);
    const { url } = await readyLine(child);
    const end = () => child.kill("SIGKILL");
    const server = serverOf(child.pid, Number(new URL(url).port), end);
    return { ...server, adminToken: adminTokenIn(folder) };
  },
  startControl,
};

/** workerd with the mesh's worker and nothing before it: what the front costs is the difference. */
export const workerdAlone: BenchHost = {
  async startMesh(folder) {
    const adminToken = randomBytes(24).toString("base64url");
    const meshKeys = `1:${randomBytes(32).toString("base64url")}`;
    const secrets = { MESH_KEYS: meshKeys, ADMIN_TOKEN: adminToken };
    const server = await start(folder, { definition: definition(), secrets });
    return { ...server, adminToken };
  },
  startControl,
};
