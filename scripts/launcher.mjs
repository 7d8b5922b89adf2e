// @ts-check
/**
 * Notices when the launcher of this process is gone. npm passes a signal on to the shell it runs scripts in, but the
 * shell does not: without this check, `kill` of npm's process leaves everything below it running.
 */
import { closeSync, openSync, readFileSync } from "node:fs";
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
