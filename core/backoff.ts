/** How long to wait before something is tried again. */

const FIRST_MS = 1_000;
/** No wait is longer, unless the clock was set back. */
export const BACKOFF_MAX_MS = 300_000;

/**
 * Exponential backoff with jitter: a random time in the upper half of a window that doubles from 1 s to 5 min, so that what failed
 * together is not tried again together.
 *
 * @param failures in a row, from 1
 * @param random from 0 up to 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, random: number): number {
  const window = Math.min(FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
  return Math.ceil((window * (1 + random)) / 2);
}

/**
 * A number from 0 up to 1 that is another for each name, and always the same: spreads what has no randomness of its own.
 */
export function spreadOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0;
  return hash / 2 ** 32;
}

/**
 * Whether the time for another try has come; also where it is further away than any wait: then the clock was set back.
 *
 * @param at when it is to be tried, and `now`: milliseconds since 1970
 */
export const isDue = (at: number, now: number): boolean => at <= now || at - now > BACKOFF_MAX_MS;
