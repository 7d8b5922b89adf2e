/** The mesh as hosts/deno serves it, and a bare Deno server as the control. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BenchHost, type Server, serverOf } from "./host.ts";

/** The binary itself: the package's own launcher is one more process. */
const DENO = join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "deno");
const MESH = fileURLToPath(new URL("../../hosts/deno/serve.ts", import.meta.url));
const CONTROL = fileURLToPath(new URL("../control/deno/server.ts", import.meta.url));

/** Both print one line of JSON when they listen. */
interface Ready {
  readonly url: string;
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  const { stdout } = child;
  if (stdout === null) throw new Error("a server without stdout");
  const lines = createInterface(stdout);
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`a Deno server ended before it listened: ${signal ?? code}`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  // Its last word is not the failure of anything.
  ended.catch(() => {});
  return JSON.parse(line) as Ready;
}

async function start(entry: string, args: readonly string[]): Promise<Server> {
  const child = spawn(DENO, ["run", "--quiet", "-A", entry, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.pid === undefined) throw new Error(`${DENO} cannot be run`);
  const { url } = await readyLine(child);
  return serverOf(child.pid, Number(new URL(url).port), () => child.kill("SIGKILL"));
}

export const denoHost: BenchHost = {
  async startMesh(folder) {
    const server = await start(MESH, ["--port", "0", "--data", folder, "--json"]);
    const secrets = JSON.parse(readFileSync(join(folder, "secrets.json"), "utf8"));
    return { ...server, adminToken: (secrets as { adminToken: string }).adminToken };
  },

  startControl: () => start(CONTROL, []),
};
