// @ts-check
/** What may run the mesh on this machine, and how it is started. */

/** Without --host. hosts/machine/options.ts says so too. */
export const DEFAULT_HOST = "workerd";

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

/** @type {Readonly<Record<string, { command: string, args: readonly string[] }>>} */
export const HOSTS = {
  deno: { command: "deno", args: ["run", "--quiet", ...DENO_PERMISSIONS, "hosts/deno/serve.ts"] },
  workerd: { command: "node", args: ["hosts/workerd/serve.ts"] },
};

/**
 * The host that arguments ask for. One that is not known is for the default to refuse, in its own words.
 *
 * @param {readonly string[]} args
 */
export function hostOf(args) {
  const at = args.findLastIndex((arg) => arg === "--host" || arg.startsWith("--host="));
  const name = at < 0 ? undefined : (args[at]?.split("=")[1] ?? args[at + 1]);
  return HOSTS[name ?? DEFAULT_HOST] ?? HOSTS[DEFAULT_HOST];
}
