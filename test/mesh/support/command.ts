/** The `pushmesh` command as a user calls it: as it is installed, or in a clone by its launcher. */
import { join } from "node:path";
import { inject } from "vitest";
import { NODE } from "../../support/built.ts";
import { type AtEnd, type Process, ROOT, start } from "./process.ts";

const LAUNCHER = join(ROOT, "bin/pushmesh.mjs");

/** Where a user's files are: no test reads or writes those of the machine's own user. */
export interface User {
  readonly data: string;
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As of `start`. */
  readonly atEnd?: AtEnd;
}

/** Work on a mesh's data, which the package has no host for. */
const CLONE_COMMANDS = new Set(["backup", "export", "import"]);

export function pushmesh(user: User, ...args: readonly string[]): Process {
  if (CLONE_COMMANDS.has(args[0] ?? "")) return launched(user, ...args);
  return command(user, inject("cli"), args);
}

/** The command of a clone: a process that starts another. */
export function launched(user: User, ...args: readonly string[]): Process {
  return command(user, LAUNCHER, args);
}

function command(user: User, file: string, args: readonly string[]): Process {
  const { data, home, env, atEnd } = user;
  const itsEnv = { PUSHMESH_DATA_DIR: data, XDG_CONFIG_HOME: home, ...env };
  return start(NODE, [file, ...args], itsEnv, atEnd);
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function run(user: User, ...args: readonly string[]): Promise<Ended> {
  const command = pushmesh(user, ...args);
  const code = await command.exited;
  return { code, stdout: command.stdout.text, stderr: command.stderr.text };
}

/** Runs a command with --json to its good end; its lines. */
export async function runJson(
  user: User,
  ...args: readonly string[]
): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await run(user, ...args, "--json");
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout.split("\n").map((line) => JSON.parse(line));
}

/** A listener that is ready, and the regId it printed. */
export async function listen(
  user: User,
  ...args: readonly string[]
): Promise<{ readonly process: Process; readonly regId: string }> {
  const listener = pushmesh(user, "listen", "--json", ...args);
  const { regId } = JSON.parse(await listener.stdout.match(/regId/));
  return { process: listener, regId };
}
