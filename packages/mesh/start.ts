/**
 * Runs the mesh of this package on this machine, with the options of `npm start`: `pushmesh serve` loads this, and so does the command
 * `pushmesh-mesh`. What runs it, Deno or workerd, is a package beside this one.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { denoOnPath } from "../../cli/mesh/deno.ts";
import { hostNameOf, hostsIn, openFiles } from "../../scripts/hosts.mjs";
import { runProcess } from "../../scripts/launcher.mjs";

/** Path of a file of this package, whose dist/ this is bundled into. */
const inDist = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Deno's binary in the packages that npm installed, from here or from the working directory. */
function installedDeno(): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const installer = createRequire(from).resolve("deno/install_api.cjs");
      // It knows the package of this platform, and does nothing if its binary is in place.
      const { runInstall } = createRequire(from)(installer) as { runInstall: () => string };
      return runInstall();
    } catch {
      // Not there.
    }
  }
  return undefined;
}

function hasWorkerd(): boolean {
  try {
    return existsSync(dirname(createRequire(import.meta.url).resolve("workerd/package.json")));
  } catch {
    return false;
  }
}

/** What is missing to run the mesh with these options: a package of npm. */
export function missing(args: readonly string[]): "deno" | "workerd" | undefined {
  const host = hostNameOf(args, process.cwd());
  if (host === "workerd") return hasWorkerd() ? undefined : "workerd";
  return (installedDeno() ?? denoOnPath()) === undefined ? "deno" : undefined;
}

/**
 * Runs it until it ends.
 *
 * @returns the exit code
 */
export async function serve(args: readonly string[]): Promise<number> {
  const base = process.cwd();
  const name = hostNameOf(args, base);
  const host = hostsIn({
    base,
    deno: inDist("hosts/deno.js"),
    workerd: inDist("hosts/workerd.js"),
  })[name];
  const file = name === "deno" ? (installedDeno() ?? denoOnPath()) : process.execPath;
  if (file === undefined) throw new Error("Deno is not installed");
  return runProcess(file, [...host.args(args), ...args], {
    watched: true,
    cwd: base,
    env: {
      ...process.env,
      PUSHMESH_OPEN_FILES: openFiles(),
      // The mesh is one file: neither a package.json nor a configuration of whoever runs it is about it.
      DENO_NO_PACKAGE_JSON: "1",
      DENO_NO_UPDATE_CHECK: "1",
    },
  });
}
