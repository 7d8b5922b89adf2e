// @ts-check
/**
 * Runs a process as if it were this one, and notices when the launcher of this process is gone. npm passes a signal on to the shell it runs scripts in, but the
 * shell does not: without this check, `kill` of npm's process leaves everything below it running.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";

/** How often it looks: two system calls. */
const LOOK_MS = 500;

/**
 * Reads a file in /proc of a process.
 *
 * @param {number} pid
 * @param {string} file
 */
function proc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // No such process, or no /proc, as on macOS.
    return undefined;
  }
}

/**
 * The parent of a process.
 *
 * @param {number} pid
 * @returns {number | undefined} undefined if it cannot be known.
 */
function parentOf(pid) {
  // "<pid> (<name>) <state> <parent> …", and a name may hold anything.
  const [, parent] = /\) \S (\d+) [^)]*$/.exec(proc(pid, "stat") ?? "") ?? [];
  return parent === undefined ? undefined : Number(parent);
}

/**
 * Whether `nohup` was asked to let this outlive its terminal. Every Node resets the ignored SIGHUP when it
 * starts, npm's included, so this looks at what else nohup leaves: a standard input that cannot be read, or its name from the shell.
 */
export function isUnderNohup() {
  if (/(^|\/)nohup$/.test(process.env["_"] ?? "")) return true;
  // Access mode 1: write only.
  return /^flags:\s+\d*1$/m.test(proc(process.pid, "fdinfo/0") ?? "");
}

/** Whether npm runs this as a script of this package, or as `npx pushmesh`. */
function isUnderNpm() {
  const { npm_lifecycle_event, npm_package_name } = process.env;
  return npm_lifecycle_event === "npx" || npm_package_name === "pushmesh";
}

/** Whether standard input is the terminal that this session belongs to: under `setsid` there is none. */
function hasTerminal() {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return isatty(0);
  } catch {
    return false;
  }
}

/** What must not change: one function for each, which says whether it still holds. */
function signs() {
  /** @type {(() => boolean)[]} */
  const found = [];
  if (isUnderNohup()) return found;
  // Once its other end is closed, a terminal no longer is one.
  if (hasTerminal()) found.push(() => isatty(0));
  if (!isUnderNpm()) return found;
  // A process whose parent ended gets another parent, so a reused process ID cannot be mistaken for it.
  const parent = process.ppid;
  found.push(() => process.ppid === parent);
  // npm itself, if its shell did not replace itself with this process.
  const npm = parentOf(parent);
  const isShell = proc(parent, "cmdline")?.split("\0")[1] === "-c";
  if (npm !== undefined && npm > 1 && isShell) found.push(() => parentOf(parent) === npm);
  return found;
}

/**
 * Calls back, once, when the npm that runs this process has ended, or its terminal is gone. Under systemd, in a
 * container or straight from a shell there is no npm to watch, and `nohup` and `setsid` say that a terminal may go.
 *
 * @param {() => void} onGone
 * @returns {() => void} stops looking.
 */
export function watchLauncher(onGone) {
  const watched = signs();
  if (watched.length === 0) return () => {};
  const timer = setInterval(() => {
    if (watched.every((stands) => stands())) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Runs a program as if it were this process: same terminal, signals passed on, and SIGTERM when what started this process is gone.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ watched: boolean, cwd: string, env: NodeJS.ProcessEnv }} options watched: the child learns by a closing IPC channel that this
 *   process died
 * @returns {Promise<number>} its exit code; 128 + n if signal n ended it.
 */
export function runProcess(file, args, { watched, cwd, env }) {
  const outlivesTerminal = isUnderNohup();
  const child = spawn(file, args, {
    cwd,
    // hosts/machine/signals.ts: that SIGHUP is ignored is reset on the way to it.
    env: { ...env, ...(outlivesTerminal && { PUSHMESH_NOHUP: "1" }) },
    stdio: watched ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
  });
  const unwatch = watchLauncher(() => child.kill("SIGTERM"));
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    if (signal === "SIGHUP" && outlivesTerminal) return;
    // It is being stopped: the end of npm would send a second signal, which ends it at once.
    unwatch();
    child.kill(signal);
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      unwatch();
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
