/** Stops the mesh cleanly on Ctrl-C, SIGTERM, a closed terminal, or the end of the parent process. */
import { readFileSync } from "node:fs";
import type { MeshProcess } from "./host.ts";
import type { Report } from "./report.ts";

/**
 * A signal within this time of the first is the same one: npm forwards the Ctrl-C that the terminal has already sent to all processes.
 */
const SAME_SIGNAL_MS = 500;

/** Bit of SIGHUP in the masks of /proc. */
const SIGHUP_BIT = 1;

/**
 * Whether the process was started with `nohup` and has to outlive its terminal: scripts/setup.mjs passes that on, and without it, as when
 * Deno is started directly, SIGHUP is ignored.
 */
function outlivesTerminal(): boolean {
  if (process.env["PUSHMESH_NOHUP"] === "1") return true;
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const [, ignored = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    return (Number.parseInt(ignored.slice(-2), 16) & SIGHUP_BIT) !== 0;
  } catch {
    // No /proc, as on macOS.
    return false;
  }
}

/**
 * Stops the mesh at the first signal. At a second one, the process exits at once with code 130.
 *
 * @returns a promise that resolves when the mesh has stopped
 */
export function stopOnSignals(mesh: MeshProcess, report: Report): Promise<void> {
  // Checked before a listener is added, which would end the ignoring.
  const ignoresHangup = outlivesTerminal();
  return new Promise((done, fail) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        report.stopping();
        mesh.stop().then(() => {
          report.stopped();
          done();
        }, fail);
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
        mesh.kill();
        process.exit(130);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, onSignal);
    process.on("SIGHUP", ignoresHangup ? () => {} : onSignal);
    // scripts/start.mjs holds the other end of this channel as long as it runs.
    process.on("disconnect", onSignal);
    process.channel?.unref();
  });
}
