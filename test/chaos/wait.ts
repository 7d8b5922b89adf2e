/** Waiting for what must become true, never for a time. */
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/**
 * Resolves when `holds` does.
 *
 * @throws an error that says what did not come, after `withinMs`.
 */
export async function until(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) {
      const missing = typeof what === "string" ? what : what();
      throw new Error(`not within ${withinMs / 1_000} s: ${missing}`);
    }
    await sleep(POLL_MS);
  }
}
