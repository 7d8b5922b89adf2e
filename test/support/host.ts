/**
 * The hosts that the black-box suite runs on. A vitest project names its host in PUSHMESH_TEST_HOST (see
 * vitest.config.ts), a script takes it as --host; scripts/hosts.mjs says how each is started.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HOST_NAMES, type HostName } from "../../hosts/machine/host.ts";
import { DEFAULT_HOST, HOSTS } from "../../scripts/hosts.mjs";

export type { HostName };

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

// A mesh notes in its user's configuration where it listens: here in one of this clone's own, so that no command of
// the machine's user finds a mesh of the tests, nor a test another's.
process.env["XDG_CONFIG_HOME"] = join(ROOT, "node_modules/.cache/pushmesh-test");

/** @throws where there is no host of this name. */
export function hostNamed(name: string): HostName {
  const host = HOST_NAMES.find((known) => known === name);
  if (host === undefined) throw new Error(`no host ${name}; there are ${HOST_NAMES.join(", ")}`);
  return host;
}

/** The host under test. */
export const HOST: HostName = hostNamed(process.env["PUSHMESH_TEST_HOST"] ?? DEFAULT_HOST);

/** Tells the mesh its limit of open files, as scripts/start.mjs does. */
export const WITH_LIMIT = [
  "/bin/sh",
  "-c",
  'PUSHMESH_OPEN_FILES=$(ulimit -n) exec "$0" "$@"',
] as const;

/**
 * The command that runs a mesh by itself, to be run in ROOT: no npm and no set-up around it.
 *
 * @param args as of npm start; they are part of the command.
 * @param preloaded modules that Deno runs first, with whatever they need.
 */
export function serveCommand(
  host: HostName,
  args: readonly string[],
  preloaded: readonly string[] = [],
): [command: string, ...args: string[]] {
  const how = HOSTS[host];
  const [first = "", ...rest] = how.args(args);
  const isTrusted = preloaded.length > 0;
  const its = isTrusted ? rest.map((arg) => (arg.startsWith("--allow-") ? "-A" : arg)) : rest;
  const preloads = preloaded.flatMap((module) => ["--preload", module]);
  const command = [join(ROOT, "node_modules/.bin", how.command), first, ...preloads];
  return [...WITH_LIMIT, ...command, ...new Set(its), ...args];
}
