/** Whether this process is handling single sends. Less urgent work yields to them, because on one machine all share a thread. */

/** At 200 sends a second there is one every 5 ms; a process that had none for this long has nothing to yield to. */
const ACTIVE_MS = 50;

/** For how long after a send the next is expected: work that is put off for longer than a moment goes slower meanwhile. */
export const SENDING_MS = 1_000;

/** The pause after a piece of less urgent work beside sends, in times of its duration: a send finds the thread free in two cases of three. */
export const REST_SHARE = 2;

let lastAt = Number.NEGATIVE_INFINITY;

export const sends = {
  /** @param now milliseconds since 1970 */
  began(now: number): void {
    lastAt = now;
  },

  /** @param withinMs for how long after a send other work keeps yielding */
  isActive(now: number, withinMs = ACTIVE_MS): boolean {
    // The clock may have been set back.
    return Math.abs(now - lastAt) < withinMs;
  },
};
