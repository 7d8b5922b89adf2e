/**
 * A workerd that outlived its supervisor and its guard would share the folder with the next one: two
 * processes on one folder give two answers. The next start ends it first; the folder's lock tells that
 * the supervisor is gone.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HostFailure } from "../machine/failure.ts";

/** How long a killed process may take to be gone. */
const GONE_MS = 5_000;

/** Remembers the process that works on this folder. */
export function rememberProcess(pidFile: string, pid: number): void {
  writeFileSync(pidFile, `${pid}\n`, { mode: 0o600 });
}

export function forgetProcess(pidFile: string): void {
  rmSync(pidFile, { force: true });
}

/** The command line of a process; empty where none runs. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // No such process, or no /proc, as on macOS.
  }
  try {
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    return execFileSync("ps", ["-o", "args=", "-p", `${pid}`], { encoding: "utf8", stdio });
  } catch {
    return "";
  }
}

/**
 * Whether a process has let go of its files and sockets. Its command line is gone a moment before that, and a
 * process that nobody waits for stays on as a zombie.
 */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  try {
    // "<pid> (<name>) <state> …"
    return /\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    // No /proc, as on macOS, whose init waits for every orphan.
    return false;
  }
}

/**
 * Ends the workerd that an earlier supervisor of this folder left behind, if there is one. To be called
 * with the folder's lock held.
 *
 * @param pidFile of `rememberProcess`.
 * @param config path of the configuration: no other process has it on its command line, so that a process
 *   ID that was given anew is not mistaken.
 * @throws {HostFailure} where it does not go.
 */
export async function endOrphan(pidFile: string, config: string): Promise<void> {
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(pidFile, "utf8"), 10);
  } catch {
    return;
  }
  if (pid > 1 && commandLine(pid).includes(config)) await end(pid);
  forgetProcess(pidFile);
}

async function end(pid: number): Promise<void> {
  const until = performance.now() + GONE_MS;
  while (!isGone(pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone meanwhile, or another user's: the loop tells.
    }
    if (performance.now() > until)
      throw new HostFailure(`process ${pid} still works on this folder and cannot be ended`);
    await sleep(10);
  }
}
