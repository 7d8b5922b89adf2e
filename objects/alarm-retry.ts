/** Retries an alarm whose work fails. */
import { backoffMs } from "../core/backoff.ts";
import type { ObjectRuntime } from "./runtime.ts";

/**
 * Sets an alarm again if its work fails, later after each failure in a row. For hosts that do not repeat an alarm, or not forever:
 * Workers give up after six failures, and the work that was due would never be done.
 */
export class AlarmRetry {
  readonly #runtime: Pick<ObjectRuntime<unknown>, "alarm" | "now" | "random" | "reportError">;
  readonly #set: (at: number) => Promise<void> | null;
  #failures = 0;

  /** @param set sets the next alarm, as `AlarmPort.set` does */
  constructor(
    runtime: Pick<ObjectRuntime<unknown>, "alarm" | "now" | "random" | "reportError">,
    set = (at: number) => runtime.alarm.set(at),
  ) {
    this.#runtime = runtime;
    this.#set = set;
  }

  /**
   * Does the work of an alarm that has come.
   *
   * @throws if not even another alarm can be set
   */
  async ring(work: () => Promise<void>): Promise<void> {
    const runtime = this.#runtime;
    runtime.alarm.fired();
    try {
      await work();
      this.#failures = 0;
    } catch (error) {
      runtime.reportError(error);
      await this.#set(runtime.now() + backoffMs(++this.#failures, runtime.random()));
    }
  }
}
