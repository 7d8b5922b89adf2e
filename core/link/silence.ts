/** When a link has no device any more, though nothing said so: a half-open connection stays open for ever by itself. */
import { LIMITS } from "../../schema/limits.ts";

/** A link from which nothing came for this long missed two heartbeats of the longest kind. */
export const SILENT_MS = 2 * LIMITS.HEARTBEAT_MAX_MS;

/**
 * When a link was last heard of.
 *
 * @param times each in milliseconds since 1970. One from the future was written while the clock was ahead, and says nothing:
 *   trusted, it would keep a dead link for as long as the clock was ahead
 * @returns 0 where no time says anything
 */
export function lastHeard(times: readonly number[], now: number): number {
  const latest = now + LIMITS.CLOCK_SKEW_SECONDS * 1_000;
  return Math.max(0, ...times.filter((time) => time <= latest));
}
