/**
 * Ends a workerd that has outlived its supervisor and its guard. It would share the folder with the next one, and two processes on one
 * folder give different answers. The caller holds the folder's lock, so the old supervisor is gone.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HostFailure } from "../machine/failure.ts";

/** How long a killed process may take to end. */
const GONE_MS = 5_000;

/** Records the process that uses the folder. */
export function rememberProcess(pidFile: string, pid: number): void {
  writeFileSync(pidFile, `${pid}\n`, { mode: 0o600 });
}

export function forgetProcess(pidFile: string): void {
  rmSync(pidFile, { force: true });
}

/** The command line of a process; empty if there is none. */
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
 * Whether a process has released its files and sockets. Its command line disappears a moment before that, and a process that nobody
 * waits for stays as a zombie.
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
 * Ends the workerd that an earlier supervisor of the folder has left, if there is one. The caller holds the folder's lock.
 *
 * @param pidFile of `rememberProcess`
 * @param config path of the configuration: only workerd has it on its command line, so a reused process ID is recognized
 * @throws {HostFailure} if it does not end
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
      // It has ended, or belongs to another user: the loop finds out.
    }
    if (performance.now() > until)
      throw new HostFailure(`process ${pid} still works on this folder and cannot be ended`);
    await sleep(10);
  }
}
