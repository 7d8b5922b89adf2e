/** Ctrl-C in a command that runs until it is ended. */
import { CliFailure } from "./failure.ts";

/** npm and the launcher pass on a Ctrl-C that the terminal has sent to all of them: within this time it is one. */
const SAME_SIGNAL_MS = 500;

/**
 * Waits for SIGINT, SIGTERM or SIGHUP, or for the launcher's death. A second one, later than the same signal may come twice, ends the
 * process at once with exit code 130.
 */
export function interrupted(): Promise<void> {
  return new Promise((done) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt !== undefined && Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      firstAt ??= Date.now();
      done();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
    // The launcher holds the other end of this channel for as long as it lives.
    process.on("disconnect", onSignal);
    process.channel?.unref();
  });
}

/**
 * The same as a signal, for work that can be given up half-way and cleared away.
 *
 * @returns aborted with a CliFailure of exit code 130.
 */
export function interruption(): AbortSignal {
  const abort = new AbortController();
  void interrupted().then(() => abort.abort(new CliFailure(130, "interrupted", "interrupted")));
  return abort.signal;
}
