/** `Prefer` (RFC 7240): how long a send waits for the device. */
import { LIMITS } from "../../schema/limits.ts";

export interface Preference {
  readonly waitMs: number;
  /** Value of Preference-Applied; null without a preference. */
  readonly applied: string | null;
}

const WAIT = /^wait\s*=\s*"?(\d{1,9})"?$/i;
const ASYNC = /^respond-async$/i;

/**
 * Reads the header. `wait=n` bounds the wait in seconds, up to `LIMITS.ACK_WAIT_MAX_MS`; `respond-async` alone does
 * not wait; both together wait n seconds (RFC 7240 §4.3). Unknown preferences are ignored (§2), and of duplicates the
 * first counts.
 */
export function readPrefer(header: string | undefined): Preference {
  if (header === undefined) return { waitMs: LIMITS.ACK_WAIT_DEFAULT_MS, applied: null };
  // Parameters, after a semicolon, are ignored: none is defined for these preferences.
  const preferences = header.split(",").map((item) => (item.split(";")[0] ?? "").trim());
  const wait = preferences.map((item) => WAIT.exec(item)?.[1]).find((n) => n !== undefined);
  if (wait !== undefined) {
    const waitMs = Math.min(Number(wait) * 1_000, LIMITS.ACK_WAIT_MAX_MS);
    return { waitMs, applied: `wait=${waitMs / 1_000}` };
  }
  if (preferences.some((item) => ASYNC.test(item))) return { waitMs: 0, applied: "respond-async" };
  return { waitMs: LIMITS.ACK_WAIT_DEFAULT_MS, applied: null };
}
