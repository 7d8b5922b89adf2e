/** Ctrl-C, SIGTERM, a closed terminal, or the end of the process that started us: a clean stop. */
import type { MeshProcess } from "./host.ts";
import type { Report } from "./report.ts";

/**
 * A signal within this time of the first is the same one: npm passes on the Ctrl-C that the terminal has
 * already sent to all of us.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Stops the mesh at the first signal; at a second one the process ends at once, with exit code 130.
 *
 * @returns when the mesh has stopped.
 */
export function stopOnSignals(mesh: MeshProcess, report: Report): Promise<void> {
  return new Promise((done, fail) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        report.stopping();
        mesh.stop().then(() => {
          report.stopped();
          done();
        }, fail);
      } else if (Date.now() - firstAt > SAME_SIGNAL_MS) {
        mesh.kill();
        process.exit(130);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
    // scripts/start.mjs holds the other end of this channel for as long as it lives.
    process.on("disconnect", onSignal);
    process.channel?.unref();
  });
}
