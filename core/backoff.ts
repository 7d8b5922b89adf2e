/** How long to wait before a retry. */

const FIRST_MS = 1_000;
/** The longest wait, unless the clock is set back. */
export const BACKOFF_MAX_MS = 300_000;

/**
 * Exponential backoff with jitter: a random time in the upper half of a window that doubles from 1 s to 5 min, so that calls that
 * failed together are not retried together.
 *
 * @param failures consecutive failures, from 1
 * @param random 0 (included) to 1 (excluded)
 * @returns milliseconds
 */
export function backoffMs(failures: number, random: number): number {
  const window = Math.min(FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
  return Math.ceil((window * (1 + random)) / 2);
}

/** A number from 0 (included) to 1 (excluded) that depends only on the name: spreads retries if there is no source of randomness. */
export function spreadOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0;
  return hash / 2 ** 32;
}

/**
 * Whether a retry is due. Also true if it is further away than the longest wait: then the clock was set back.
 *
 * @param at when to retry, and `now`: milliseconds since 1970
 */
export const isDue = (at: number, now: number, longestMs = BACKOFF_MAX_MS): boolean =>
  at <= now || at - now > longestMs;
