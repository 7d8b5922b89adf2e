/** Ends workerd when its supervisor is killed, so that it does not run unsupervised. */
import { spawn } from "node:child_process";

/**
 * Starts a shell that waits until the pipe from this process closes, which happens however this process ends, and then kills the given
 * process.
 *
 * @returns a function that ends the guard, to be called when the given process has ended
 */
export function guard(pid: number): () => void {
  // In a session of its own, like workerd, so that Ctrl-C does not end it.
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$1"', "pushmesh-guard", `${pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell there is no guard; the next start ends an orphan (orphan.ts).
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  return () => {
    shell.kill("SIGKILL");
  };
}
