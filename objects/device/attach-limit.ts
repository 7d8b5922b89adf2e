/** How many tags a device that comes back attaches to at once, where objects share a thread. */

/** Of a device, in each second: twice the tags that one is usually in. */
const ATTACHES_AT_ONCE = 40;
const SECOND_MS = 1_000;

/**
 * Counts the attaches of one device.
 *
 * @param now milliseconds; may go back
 * @returns whether one more has to wait for its turn: of 2,000 tags, they held the thread of the host `deno` for 0.17 s (measured)
 */
export function attachLimit(now: () => number): () => boolean {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const at = now();
    if (Math.abs(at - since) >= SECOND_MS) [since, count] = [at, 0];
    count++;
    return count > ATTACHES_AT_ONCE;
  };
}
