// @ts-check
/** What may run the mesh on this machine, and how it is started. */
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
 * With webhooks to public addresses, in case the mesh's own check of them fails: networks of an operator, and where clouds have their machines'
 * credentials. Deno has no way to say so of loopback, where the mesh listens.
 */
const DENY_PRIVATE =
  "--deny-net=10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16";

/** Whether an address to listen on is none of an operator's network. @param {string} listen */
const isEverybodys = (listen) => /^(localhost|127\..*|::1|0\.0\.0\.0|::)$/.test(listen);

/**
 * What the mesh needs of Deno: the address that it listens on, its data folder, the list of this user's meshes, the files of TLS and, to read, the
 * documentation.
 * `--allow-sys` has no name for umask, and gives nothing but facts about the machine. No program may be run, no library be loaded, and no module
 * be imported from another machine.
 *
 * @param {{ data: string, listen: string, port: string, config: string, webhooks: string, tls?: readonly string[], docs?: readonly string[] }} options
 * absolute paths
 */
export function denoPermissions({ data, listen, port, config, webhooks, tls = [], docs = [] }) {
  const isShort = Buffer.byteLength(data) <= DATA_PATH_BYTES;
  const own = [data, config, ...(isShort ? [] : [tmpdir()])].flatMap(both);
  const names = listen === "localhost" ? [listen, "127.0.0.1", "::1"] : [listen];
  // A number that is none is refused by the mesh, which names the option: Deno would name a permission.
  const isPort = /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  const itsPort = port === "0" || !isPort ? "" : `:${Number(port)}`;
  const addresses = names.map((name) => `${name.includes(":") ? `[${name}]` : name}${itsPort}`);
  // With TLS, requests pass through a port of loopback: hosts/deno/net/tunnels.ts.
  if (tls.length > 0) addresses.push("127.0.0.1");
  const net = [...addresses, ...both(data).map((folder) => `unix:${folder}/run/admin.sock`)];
  // What another name leads to is not known here, nor where webhooks go: the mesh checks their addresses (hosts/deno/webhook-post.ts).
  const isKnown = webhooks === "off" && isShort && (isIP(listen) !== 0 || listen === "localhost");
  return [
    "--no-prompt",
    // Deno lets every program import from the hosts of registries and gists, whatever --allow-net says, and a URL can carry a secret out.
    "--no-remote",
    isKnown ? allow("net", net) : "--allow-net",
    ...(webhooks === "public" && isEverybodys(listen) ? [DENY_PRIVATE] : []),
    allow("read", [...own, ...docs.flatMap(both), ...tls.flatMap(both), "/dev/null"]),
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

/**
 * The permissions that arguments of `npm start` ask for.
 *
 * @param {readonly string[]} args
 * @param {string} base what relative paths are relative to
 * @param {string | undefined} built folder of the documentation
 */
function permissionsOf(args, base, built) {
  const tls = ["--tls-cert", "--tls-key"].flatMap((name) => optionOf(args, name) ?? []);
  const docs = optionOf(args, "--docs") ?? built;
  return denoPermissions({
    data: resolve(base, optionOf(args, "--data-dir") ?? ".pushmesh"),
    listen: optionOf(args, "--listen") ?? "127.0.0.1",
    port: optionOf(args, "--port") ?? "8787",
    webhooks: optionOf(args, "--webhooks") ?? "off",
    config: join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "pushmesh"),
    tls: tls.map((file) => resolve(base, file)),
    docs: docs === undefined ? [] : [resolve(base, docs)],
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

/**
 * The limit of open files that a child of this process has: Deno has no function for its own. Node has raised it to the hard limit when it
 * started.
 *
 * @returns {string} `unlimited` where the system has none, as Windows
 */
export function openFiles() {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return /^Max open files +(\S+)/m.exec(limits)?.[1] ?? "unlimited";
  } catch {
    // No /proc, as on macOS. Without the network, whose names it would look up.
    Object.assign(process.report, { excludeNetwork: true });
    const { userLimits } =
      /** @type {{ userLimits?: { open_files?: { soft: number | string } } }} */ (
        process.report.getReport()
      );
    return `${userLimits?.open_files?.soft ?? "unlimited"}`;
  }
}

/**
 * What a message allocates is garbage a moment later. With V8's own new space, which starts at 1 MiB, a send took 3 to 12 % more processor time
 * in five of six pairs of runs at the same time; an idle device took 5 KiB less.
 */
export const DENO_MEMORY = "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=32";

/**
 * How the hosts are started, by the names of cli/clone.ts: a host that is missing here does not compile. `args` come before those of
 * `npm start`, which decide what Deno allows.
 *
 * @param {{ base: string, deno: string, workerd: string, docs?: string }} where what relative paths of options are relative to, the entry of each
 * host, and the folder of the built documentation
 * @returns {Readonly<Record<import("../cli/clone.ts").HostName, { command: string, args: (args: readonly string[]) => readonly string[] }>>}
 */
export const hostsIn = ({ base, deno, workerd, docs }) => ({
  deno: {
    command: "deno",
    args: (args) => ["run", "--quiet", DENO_MEMORY, ...permissionsOf(args, base, docs), deno],
  },
  workerd: { command: "node", args: () => [workerd] },
});

/** Those of a clone. */
export const HOSTS = hostsIn({
  base: ROOT,
  deno: "hosts/deno/serve.ts",
  workerd: "hosts/workerd/serve.ts",
  docs: join(ROOT, "dist/docs"),
});

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
 * The name of the host that arguments ask for; without --host, the owner of the data folder. The default host refuses an unknown
 * name, with its own message.
 *
 * @param {readonly string[]} args
 * @param {string} base what a relative path is relative to
 */
export function hostNameOf(args, base) {
  const name =
    optionOf(args, "--host") ?? ownerOf(resolve(base, optionOf(args, "--data-dir") ?? ".pushmesh"));
  return name === "deno" || name === "workerd" ? name : DEFAULT_HOST;
}

/** The host of a clone that arguments ask for. @param {readonly string[]} args */
export const hostOf = (args) => HOSTS[hostNameOf(args, ROOT)];
