/** Bounds how long a call of another object may take, so that one that hangs does not hang its caller. */
import type { Scheduler } from "./runtime.ts";

/** A call was not answered in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Settles as the call does, and leaves no timer behind.
 *
 * @param timers starts the timer
 * @param ms delay after which it rejects with a `TimeoutError`; a later answer is dropped
 */
export function within<Value>(
  timers: Pick<Scheduler, "timer">,
  ms: number,
  call: Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(new TimeoutError(`no answer for ${ms} ms`));
    const timer = timers.timer(ms, onEnd);
    call.then(resolve, reject).finally(() => timer.cancel());
  });
}
