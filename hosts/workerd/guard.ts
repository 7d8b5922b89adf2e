/** Ends workerd when its supervisor is killed, so that nothing runs on that nobody watches. */
import { spawn } from "node:child_process";

/**
 * Starts a shell that waits for a pipe from this process to close, which the system does however this process
 * ends, and then kills the given one.
 *
 * @returns a function that calls the guard off, for when the process has ended.
 */
export function guard(pid: number): () => void {
  // Of its own session, like workerd, so that Ctrl-C leaves it to its one task.
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$1"', "pushmesh-guard", `${pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell there is no guard; the next start ends what was left (orphan.ts).
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  return () => {
    shell.kill("SIGKILL");
  };
}
