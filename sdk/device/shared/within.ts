/** Waits for something, but not forever. */
import type { Host } from "../host.ts";

/** Resolves when the promise has settled, or after `ms` milliseconds. */
export async function within(
  host: Pick<Host, "after">,
  ms: number,
  promise: Promise<unknown>,
): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const stop = host.after(ms, resolve);
  await Promise.race([promise, enough]).catch(() => {});
  stop();
}
