// @ts-check
/** What may run the mesh on this machine, and how it is started. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./setup.mjs";

/** For a new data folder, without --host. The help in hosts/machine/options.ts names it too. */
export const DEFAULT_HOST = "deno";

/** What the mesh needs of Deno: its port, its files, and a shell to be told the limit of open files by. */
export const DENO_PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run=/bin/sh",
];

/**
 * What a message allocates is garbage a moment later. With V8's own new space, which starts at 1 MiB, a send took 3 to 12 % more processor time
 * in five of six pairs of runs at the same time; an idle device took 5 KiB less.
 */
export const DENO_MEMORY = "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=32";

/**
 * By the names of cli/clone.ts: a host that is missing here does not compile.
 *
 * @type {Readonly<Record<import("../cli/clone.ts").HostName, { command: string, args: readonly string[] }>>}
 */
export const HOSTS = {
  deno: {
    command: "deno",
    args: ["run", "--quiet", DENO_MEMORY, ...DENO_PERMISSIONS, "hosts/deno/serve.ts"],
  },
  workerd: { command: "node", args: ["hosts/workerd/serve.ts"] },
};

/**
 * The value of an option, in either form; the last one counts.
 *
 * @param {readonly string[]} args
 * @param {string} option
 */
function optionOf(args, option) {
  const at = args.findLastIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  const arg = args[at];
  return arg === option ? args[at + 1] : arg?.slice(option.length + 1);
}

/**
 * The host whose data is in a folder: the rule of hosts/machine/owner.ts, which a test compares. This script runs before
 * there is a Node that runs TypeScript.
 *
 * @param {string} folder
 */
function ownerOf(folder) {
  try {
    return readFileSync(join(folder, "host"), "utf8").trim();
  } catch {
    const storage = join(folder, "storage");
    return existsSync(storage) && readdirSync(storage).length > 0 ? "workerd" : undefined;
  }
}

/**
 * The host that arguments ask for; without --host, the owner of the data folder. The default host refuses an unknown
 * name, with its own message.
 *
 * @param {readonly string[]} args
 */
export function hostOf(args) {
  const name =
    optionOf(args, "--host") ?? ownerOf(resolve(ROOT, optionOf(args, "--data") ?? ".pushmesh"));
  return Object.entries(HOSTS).find(([known]) => known === name)?.[1] ?? HOSTS[DEFAULT_HOST];
}
