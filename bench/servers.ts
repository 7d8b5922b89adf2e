/** The two servers of a benchmark: the mesh as hosts/workerd runs it, and the control beside it under a workerd of its own. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../hosts/workerd/bundle.ts";
import { readDefinition, type WorkerDefinition, workerdConfig } from "../hosts/workerd/config.ts";
import { Workerd } from "../hosts/workerd/workerd.ts";
import type { AppAnswerBody, KeyAnswerBody } from "../schema/http.ts";
import type { SideName } from "./client/device.ts";
import type { Address } from "./client/http.ts";
import type { SendingKey } from "./client/signed-send.ts";
import { descriptors, residentKb } from "./process.ts";

/** Beside the configuration, which names it so. */
const BUNDLE = "worker.js";
const HOST = "127.0.0.1";
const WRANGLER = fileURLToPath(new URL("../wrangler.toml", import.meta.url));
const CONTROL_ENTRY = fileURLToPath(new URL("control/worker.ts", import.meta.url));

/** A running server. */
export interface Server {
  readonly address: Address;
  readonly pid: number;
  /** What it takes with no device yet. */
  readonly atStart: { readonly residentKb: number; readonly descriptors: number };
  /** Ends it at once: nothing on its disk is wanted again. */
  end(): void;
}

interface Worker {
  readonly definition: WorkerDefinition;
  /** Module to bundle; the deployed worker where there is none. */
  readonly entry?: string;
  readonly secrets: Readonly<Record<string, string>>;
}

async function startServer(
  folder: string,
  { definition, entry, secrets }: Worker,
): Promise<Server> {
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
  const port = await workerd.ready(HOST);
  const { pid } = workerd;
  const atStart = { residentKb: residentKb(pid), descriptors: descriptors(pid) };
  return { address: { host: HOST, port }, pid, atStart, end: () => workerd.kill() };
}

/** The servers, and a key to send to the mesh with. */
export interface Servers {
  readonly sides: Readonly<Record<SideName, Server>>;
  readonly appId: string;
  readonly key: SendingKey;
  end(): void;
}

/** Starts both in a temporary folder, which is gone again at the end. */
export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-bench-"));
  const running: Server[] = [];
  const start = async (name: SideName, worker: Worker): Promise<Server> => {
    const server = await startServer(join(folder, name), worker);
    running.push(server);
    return server;
  };
  const end = () => {
    for (const server of running) server.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const definition = readDefinition(readFileSync(WRANGLER, "utf8"));
  const adminToken = randomBytes(24).toString("base64url");
  const meshKeys = `1:${randomBytes(32).toString("base64url")}`;
  const objects = [{ binding: "DEVICES", className: "ControlDevice" }];
  try {
    const mesh = await start("mesh", {
      definition,
      secrets: { MESH_KEYS: meshKeys, ADMIN_TOKEN: adminToken },
    });
    const control = await start("control", {
      definition: { ...definition, objects },
      entry: CONTROL_ENTRY,
      secrets: {},
    });
    return { sides: { mesh, control }, ...(await makeApp(mesh.address, adminToken)), end };
  } catch (error) {
    end();
    throw error;
  }
}

async function makeApp(
  { host, port }: Address,
  adminToken: string,
): Promise<{ readonly appId: string; readonly key: SendingKey }> {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const headers = {
      authorization: `Bearer ${adminToken}`,
      "content-type": "application/json",
    };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`http://${host}:${port}${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  const { appId } = (await post("/v1/apps", { name: "bench" })) as AppAnswerBody;
  const made = await post(`/v1/apps/${appId}/keys`, { algorithm: "hmac-sha256" });
  const { keyId, secret } = made as KeyAnswerBody;
  if (secret === undefined) throw new Error("the mesh gave no secret");
  return { appId, key: { keyId, secret } };
}
