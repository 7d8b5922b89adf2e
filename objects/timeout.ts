/** A bound on how long a call of another object is waited for: one that hangs must not hang its caller. */
import type { Scheduler } from "./runtime.ts";

/** A call was not answered in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Settles as the call does, and leaves no timer behind.
 *
 * @param ms - milliseconds after which it rejects with a `TimeoutError`; what the call answers later is dropped
 */
export function within<Value>(
  scheduler: Scheduler,
  ms: number,
  call: Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(new TimeoutError(`no answer for ${ms} ms`));
    const timer = scheduler.timer(ms, onEnd);
    call.then(resolve, reject).finally(() => timer.cancel());
  });
}

/**
 * Settles as the call does, and leaves no timer behind.
 *
 * @param ms - milliseconds after which it rejects with a `TimeoutError`; what the call answers later is dropped
 */
export function withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`no answer for ${ms} ms`)), ms);
    call.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
