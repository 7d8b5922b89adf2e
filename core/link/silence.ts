/** Detects links whose device is gone without a close: a half-open connection would stay open forever. */
import { LIMITS } from "../../schema/limits.ts";

/** Silence after which a link is dead: two heartbeats at the longest interval. */
export const SILENT_MS = 2 * LIMITS.HEARTBEAT_MAX_MS;

/**
 * When a device was last heard from on a link.
 *
 * @param times milliseconds since 1970. A time from the future was written while the clock was ahead, and is ignored: otherwise it
 *   would keep a dead link for as long as the clock was ahead
 * @returns the latest time; 0 if there is none
 */
export function lastHeard(times: readonly number[], now: number): number {
  const latest = now + LIMITS.CLOCK_SKEW_SECONDS * 1_000;
  return Math.max(0, ...times.filter((time) => time <= latest));
}
