/** A clock for counting in memory, on platforms that only tell the time of day. */

/**
 * A clock that never goes back: if the time of day is set back, it stands still and goes on from there. A deadline is late by no more than the
 * time since this clock was last read.
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
