/** The mesh as hosts/deno serves it, and a bare Deno server as the control. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DENO_MEMORY } from "../../scripts/hosts.mjs";
import { adminTokenIn, type BenchHost, readyLine, type Server, serverOf } from "./host.ts";

/** The binary itself: the package's own launcher is one more process. */
const DENO = join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "deno");
const MESH = fileURLToPath(new URL("../../hosts/deno/serve.ts", import.meta.url));
const CONTROL = fileURLToPath(new URL("../control/deno/server.ts", import.meta.url));

async function start(entry: string, args: readonly string[]): Promise<Server> {
  const child = spawn(DENO, ["run", "--quiet", DENO_MEMORY, "-A", entry, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.pid === undefined) throw new Error(`${DENO} cannot be run`);
  const { url } = await readyLine(child);
  return serverOf(child.pid, Number(new URL(url).port), () => child.kill("SIGKILL"));
}

export const denoHost: BenchHost = {
  async startMesh(folder) {
    const server = await start(MESH, ["--port", "0", "--data-dir", folder, "--json"]);
    return { ...server, adminToken: adminTokenIn(folder) };
  },

  startControl: () => start(CONTROL, []),
};
