/** The two servers of a benchmark: the mesh as its host runs it, and the control of that host beside it. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostName } from "../hosts/machine/host.ts";
import type { AppAnswerBody, KeyAnswerBody } from "../schema/http.ts";
import { createSigningKey } from "../sdk/server/signer.ts";
import type { SideName } from "./client/device.ts";
import type { Address } from "./client/http.ts";
import type { SendingKey } from "./client/signed-send.ts";
import { denoHost } from "./hosts/deno.ts";
import type { BenchHost, Server } from "./hosts/host.ts";
import { workerdAlone, workerdHost } from "./hosts/workerd.ts";

const HOSTS: Readonly<Record<HostName, BenchHost>> = { deno: denoHost, workerd: workerdHost };
const ALONE: Readonly<Record<HostName, BenchHost>> = { ...HOSTS, workerd: workerdAlone };

/** The servers, and a key to send to the mesh with. */
export interface Servers {
  readonly sides: Readonly<Record<SideName, Server>>;
  readonly appId: string;
  /** By HMAC, so that the client can send more. */
  readonly key: SendingKey;
  readonly ed25519: SendingKey;
  end(): void;
}

/**
 * Starts both in a temporary folder, which is gone again at the end.
 *
 * @param isAlone without the front before workerd
 */
export async function startServers(name: HostName, isAlone: boolean): Promise<Servers> {
  const host = (isAlone ? ALONE : HOSTS)[name];
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-bench-"));
  const running: Server[] = [];
  const start = async <One extends Server>(
    side: SideName,
    begin: (folder: string) => Promise<One>,
  ): Promise<One> => {
    const own = join(folder, side);
    mkdirSync(own);
    const server = await begin(own);
    running.push(server);
    return server;
  };
  const end = () => {
    for (const server of running) server.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const mesh = await start("mesh", host.startMesh);
    const control = await start("control", host.startControl);
    return { sides: { mesh, control }, ...(await makeApp(mesh.address, mesh.adminToken)), end };
  } catch (error) {
    end();
    throw error;
  }
}

async function makeApp(
  { host, port }: Address,
  adminToken: string,
): Promise<Pick<Servers, "appId" | "ed25519" | "key">> {
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
  const { appId } = (await post("/v1/apps", { name: "bench", policy: "open" })) as AppAnswerBody;
  const made = await post(`/v1/apps/${appId}/keys`, { algorithm: "hmac-sha256" });
  const { keyId, secret } = made as KeyAnswerBody;
  if (secret === undefined) throw new Error("the mesh gave no secret");
  const pair = await createSigningKey();
  const added = { algorithm: "ed25519", publicKey: pair.publicKey };
  const other = (await post(`/v1/apps/${appId}/keys`, added)) as KeyAnswerBody;
  const ed25519 = { keyId: other.keyId, secret: pair.secret };
  return { appId, key: { keyId, secret }, ed25519 };
}
