// @ts-check
/** What may run the mesh on this machine, and how it is started. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { isIP } from "node:net";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ROOT } from "./setup.mjs";

/** For a new data folder, without --host. The help in hosts/machine/options.ts names it too. */
export const DEFAULT_HOST = "deno";

/** Variables that the mesh reads: where its user's configuration and temporary files are, and what it was started with. */
const DENO_ENV = [
  "HOME",
  "XDG_CONFIG_HOME",
  "TMPDIR",
  "TMP",
  "TEMP",
  "PUSHMESH_NOHUP",
  "PUSHMESH_OPEN_FILES",
  "PUSHMESH_NODE_MEMBERS",
];

/**
 * A longer path of a data folder may make the path of its socket too long (hosts/machine/socket-path.ts), which then is in a new folder of the
 * temporary one: its name cannot be told beforehand, and so neither what Deno has to allow.
 */
const DATA_PATH_BYTES = 80;

/**
 * What the mesh needs of Deno: the address that it listens on, its data folder, the list of this user's meshes and the files of TLS.
 * `--allow-sys` has no name for umask, and gives nothing but facts about the machine. No program may be run, no library be loaded, and no module
 * be imported from another machine.
 *
 * @param {{ data: string, listen: string, port: string, config: string, tls?: readonly string[] }} options absolute paths
 */
export function denoPermissions({ data, listen, port, config, tls = [] }) {
  const isShort = Buffer.byteLength(data) <= DATA_PATH_BYTES;
  const own = [data, config, ...(isShort ? [] : [tmpdir()])].flatMap(both);
  const names = listen === "localhost" ? [listen, "127.0.0.1", "::1"] : [listen];
  const itsPort = port === "0" ? "" : `:${port}`;
  const addresses = names.map((name) => `${name.includes(":") ? `[${name}]` : name}${itsPort}`);
  // With TLS, requests pass through a port of loopback: hosts/deno/net/tunnels.ts.
  if (tls.length > 0) addresses.push("127.0.0.1");
  const net = [...addresses, ...both(data).map((folder) => `unix:${folder}/run/admin.sock`)];
  // What another name leads to is not known here.
  const isKnown = isShort && (isIP(listen) !== 0 || listen === "localhost");
  return [
    "--no-prompt",
    // Deno lets every program import from the hosts of registries and gists, whatever --allow-net says, and a URL can carry a secret out.
    "--no-remote",
    isKnown ? allow("net", net) : "--allow-net",
    allow("read", [...own, ...tls.flatMap(both), "/dev/null"]),
    allow("write", own),
    allow("env", DENO_ENV),
    "--allow-sys",
  ];
}

/**
 * Deno separates items by commas, so one that has a comma cannot be named.
 *
 * @param {string} kind
 * @param {readonly string[]} items
 */
const allow = (kind, items) =>
  items.some((item) => item.includes(","))
    ? `--allow-${kind}`
    : `--allow-${kind}=${items.join(",")}`;

/** The permissions that arguments of `npm start` ask for. @param {readonly string[]} args */
function permissionsOf(args) {
  const tls = ["--tls-cert", "--tls-key"].flatMap((name) => optionOf(args, name) ?? []);
  return denoPermissions({
    data: resolve(ROOT, optionOf(args, "--data") ?? ".pushmesh"),
    listen: optionOf(args, "--listen") ?? "127.0.0.1",
    port: optionOf(args, "--port") ?? "8787",
    config: join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "pushmesh"),
    tls: tls.map((file) => resolve(ROOT, file)),
  });
}

/**
 * A path, and the place that it leads to if there are symbolic links on the way: Deno compares either.
 *
 * @param {string} path
 * @returns {readonly string[]}
 */
const both = (path) => [...new Set([path, realOf(path)])];

/** @param {string} path @returns {string} */
function realOf(path) {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet: what is above it may be.
    return dirname(path) === path ? path : join(realOf(dirname(path)), basename(path));
  }
}

/** The limit of open files that a child of this process has: Deno has no function for its own. */
export const openFiles = () =>
  execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();

/**
 * What a message allocates is garbage a moment later. With V8's own new space, which starts at 1 MiB, a send took 3 to 12 % more processor time
 * in five of six pairs of runs at the same time; an idle device took 5 KiB less.
 */
export const DENO_MEMORY = "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=32";

/**
 * By the names of cli/clone.ts: a host that is missing here does not compile. `args` come before those of `npm start`, which decide what Deno
 * allows.
 *
 * @type {Readonly<Record<import("../cli/clone.ts").HostName, { command: string, args: (args: readonly string[]) => readonly string[] }>>}
 */
export const HOSTS = {
  deno: {
    command: "deno",
    args: (args) => [
      ...["run", "--quiet", DENO_MEMORY, ...permissionsOf(args)],
      "hosts/deno/serve.ts",
    ],
  },
  workerd: { command: "node", args: () => ["hosts/workerd/serve.ts"] },
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
