// @ts-check
/**
 * Makes a fresh clone runnable. Plain JavaScript without imports from node_modules: it runs on whatever
 * Node the machine has (20 or newer), installs the packages, among them Node 24, and hands over to that.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "./launcher.mjs";

/** The repository. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
const OLDEST_NODE = 20;

/** A failure that is printed in one line, without a stack. */
export class SetupError extends Error {}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} LockedPackage
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules is what the lock asks for. npm keeps its own record of what it installed, and
 * writes it last, so that an install that was killed half-way does not count.
 */
function isInstalled() {
  const wanted = lockedPackages(join(ROOT, "package-lock.json"));
  const present = lockedPackages(join(ROOT, "node_modules", ".package-lock.json"));
  if (wanted === undefined) throw new SetupError("package-lock.json is missing or unreadable");
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, locked]) => {
    if (path === "") return true;
    const found = present[path];
    // Packages for other platforms are optional, and absent here.
    if (found === undefined) return locked.optional === true;
    return found.version === locked.version && found.integrity === locked.integrity;
  });
}

function install() {
  process.stderr.write("pushmesh: installing its packages (npm ci), once; this takes a minute\n");
  const npm = process.env["npm_execpath"];
  const viaScript = npm?.endsWith(".js") === true;
  const { status, error } = spawnSync(
    viaScript ? process.execPath : "npm",
    // No engine warnings, and no refusal if the user's .npmrc is strict: the packages that want a newer Node run on the
    // one that is being installed.
    [
      ...(viaScript ? [npm] : []),
      "ci",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      "--engine-strict=false",
    ],
    // stdout stays free for the program that follows.
    { cwd: ROOT, stdio: ["ignore", 2, 2] },
  );
  if (error) throw new SetupError(`npm cannot be run: ${error.message}`);
  if (status !== 0) throw new SetupError(`npm ci failed with exit code ${status}; see above`);
}

/** Lets `npx pushmesh` find the command at once; npx would otherwise pack the whole clone into its cache. */
function linkCommand() {
  const link = join(BIN, "pushmesh");
  if (existsSync(link)) return;
  try {
    chmodSync(join(ROOT, "bin", "pushmesh.mjs"), 0o755);
    symlinkSync(join("..", "..", "bin", "pushmesh.mjs"), link);
  } catch {
    // Two set-ups at once, or a file system without links: npx then takes longer.
  }
}

/**
 * Installs what is missing. Does nothing, in a few milliseconds, if everything is there.
 *
 * @throws {SetupError} if this Node is too old or the packages cannot be installed.
 */
export function setup() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE)
    throw new SetupError(`Node ${process.versions.node} is too old; Node ${OLDEST_NODE} is needed`);
  if (!isInstalled()) install();
  if (!existsSync(join(BIN, "node")))
    throw new SetupError("node_modules/.bin/node is missing; delete node_modules and try again");
  linkCommand();
}

/** The environment in which `node` and every tool are the repository's own. */
function environment() {
  return {
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}`,
    // No tool of the build reports usage to its vendor.
    WRANGLER_SEND_METRICS: "false",
  };
}

/**
 * Runs a command of node_modules/.bin, or a script with "node", as if it were this process.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ watched?: boolean, cwd?: string }} [options] watched: see `runProcess`; cwd: the repository if it is not given.
 * @returns {Promise<number>} its exit code; 128 + n if signal n ended it.
 */
export const run = (command, args, { watched = false, cwd = ROOT } = {}) =>
  runProcess(join(BIN, command), args, { watched, cwd, env: environment() });

/**
 * Runs the body of a script; a SetupError becomes one line and exit code 1.
 *
 * @param {() => Promise<number>} body gives the exit code.
 */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`pushmesh: ${error.message}\n`);
    process.exitCode = 1;
  }
}
