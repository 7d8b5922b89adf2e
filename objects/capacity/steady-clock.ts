/** Time for what is counted in memory, on platforms that tell the time of day only. */

/**
 * A clock that stands where the time of day is set back, and goes on from there: a deadline comes no later for it than by the time
 * since this clock was last read.
 *
 * @param now milliseconds since 1970
 */
export function steadyClock(now: () => number): () => number {
  let behind = 0;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now() + behind;
    if (time < last) behind += last - time;
    last = Math.max(last, time);
    return last;
  };
}
