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

/**
 * The command that runs a mesh by itself, to be run in ROOT: no npm and no set-up around it.
 *
 * @param preloads whether it is run under LD_PRELOAD, with which Deno starts other processes only if it may do all.
 */
export function serveCommand(
  host: HostName,
  preloads = false,
): [command: string, ...args: string[]] {
  const how = HOSTS[host];
  const all = host === "deno" && preloads;
  const args = all ? how.args.map((arg) => (arg.startsWith("--allow-") ? "-A" : arg)) : how.args;
  return [join(ROOT, "node_modules/.bin", how.command), ...new Set(args)];
}
