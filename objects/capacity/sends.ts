/** Whether single sends are under way in this process. What is less urgent leaves them room; on one machine all share a thread. */

/** At two hundred a second one comes every 5 ms; a process that had none for so long has nobody to make room for. */
const ACTIVE_MS = 50;

let lastAt = Number.NEGATIVE_INFINITY;

export const sends = {
  /** @param now milliseconds since 1970 */
  began(now: number): void {
    lastAt = now;
  },

  /** @param withinMs for how long after a send others go on to make room */
  isActive(now: number, withinMs = ACTIVE_MS): boolean {
    // Also after the clock was set.
    return Math.abs(now - lastAt) < withinMs;
  },
};
