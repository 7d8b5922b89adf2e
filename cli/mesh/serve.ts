/** Runs the mesh on this machine: that of the clone, of an installed package, or of the registry. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CliFailure } from "../failure.ts";
import { denoOnPath } from "./deno.ts";
import { npmCommand } from "./npm.ts";
import { installedMesh, MESH_PACKAGE, RUNTIMES } from "./package.ts";
import { version } from "./version.ts";

type Runtime = keyof typeof RUNTIMES;

/** What dist/start.js of the package exports: see packages/mesh/start.ts. */
interface MeshPackage {
  missing(args: readonly string[]): Runtime | undefined;
  serve(args: readonly string[]): Promise<number>;
}

export interface ServeOptions {
  readonly host?: string;
  readonly dataDir?: string;
}

/** The script of a clone. In the package there is none. */
const CLONE = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/**
 * The operator's routes are on a socket that only its user can open. A named pipe of Windows is no such thing: whoever has seen its name can
 * take it once the mesh has stopped, and would be sent the admin token.
 *
 * @throws CliFailure on a platform that runs no mesh
 */
export function requireSockets(platform: NodeJS.Platform): void {
  if (platform !== "win32") return;
  throw new CliFailure(
    1,
    "platform_unsupported",
    "the mesh does not run on Windows itself",
    "Run it in WSL or in a container: @pushmesh/mesh has a Containerfile. All commands that call a mesh work here.",
  );
}

/**
 * Runs it until it ends.
 *
 * @param args as of `npm start`
 * @param options of these
 * @param note tells a person what is done
 * @returns the exit code
 * @throws CliFailure on a platform that runs no mesh
 */
export async function serveMesh(
  args: readonly string[],
  options: ServeOptions,
  note: (text: string) => void,
): Promise<number> {
  requireSockets(process.platform);
  if (existsSync(CLONE)) return runAsThis(process.execPath, [CLONE, ...args]);
  const folder = installedMesh();
  if (folder !== undefined) {
    const start = pathToFileURL(join(folder, "dist/start.js")).href;
    const mesh = (await import(start)) as MeshPackage;
    const needed = mesh.missing(args);
    if (needed === undefined) return mesh.serve(args);
    note(`${MESH_PACKAGE} is installed, but ${needed} is not: npm install ${spec(needed)}`);
  }
  const needed = runtimeOf(options);
  const packages = [
    `${MESH_PACKAGE}@${version()}`,
    ...(needed === undefined ? [] : [spec(needed)]),
  ];
  note(
    `running ${packages.join(" with ")} by npm exec, which keeps it in npm's cache; to have it here: npm install ${packages.join(" ")}`,
  );
  const npm = npmCommand({
    platform: process.platform,
    env: process.env,
    execPath: process.execPath,
  });
  return runAsThis(npm.file, [
    ...npm.args,
    "exec",
    "--yes",
    ...packages.map((each) => `--package=${each}`),
    "--",
    "pushmesh-mesh",
    ...args,
  ]);
}

const spec = (name: Runtime): string => `${name}@${RUNTIMES[name]}`;

/** What has to be installed with the mesh: the rule of hosts/machine/owner.ts says what a data folder needs. */
function runtimeOf({ host, dataDir = ".pushmesh" }: ServeOptions): Runtime | undefined {
  if ((host ?? ownerOf(resolve(dataDir))) === "workerd") return "workerd";
  return denoOnPath() === undefined ? "deno" : undefined;
}

function ownerOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "host"), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** A terminal sends Ctrl-C to both; what `kill` sends has to be passed on. */
function runAsThis(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  process.on("disconnect", () => child.kill());
  process.channel?.unref();
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code, signal) =>
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
