/**
 * How long the frames of one link may hold the thread before they wait for their turn. Limits count frames and commands, but a device that
 * is in 2,000 tags may ask for all of them with one small command: a burst within its limits held the thread for 400 ms (measured). A
 * frame is never cut, so the longest frame, not this, bounds a turn.
 */

/** At once: about ten frames. More would add up where many links open together. */
const BURST_MS = 1;
/** What comes back each second: acknowledgements of 20 messages a second take a tenth of that. */
const PER_SECOND_MS = 20;
/** Of a turn among all links that have used up theirs. */
const TURN_MS = 2;

export class FrameBudget {
  #leftMs = BURST_MS;
  /** When reading began, or ended. All times are monotonic milliseconds. */
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** Reading begins. @param isTurn whether it is the link's turn, or bytes have arrived */
  begin(now: number, isTurn: boolean): void {
    const back = (Math.max(0, now - this.#at) * PER_SECOND_MS) / 1_000;
    this.#leftMs = isTurn ? TURN_MS : Math.min(BURST_MS, this.#leftMs + back);
    this.#at = now;
  }

  /** Whether, while reading, further frames have to wait for a turn. */
  isSpent(now: number): boolean {
    return now - this.#at >= this.#leftMs;
  }

  /** Reading ends. Nothing is owed: the pause after a turn is as long as its frames took. @returns whether the rest waits for a turn */
  end(now: number): boolean {
    const isSpent = this.isSpent(now);
    this.#leftMs = isSpent ? 0 : this.#leftMs - (now - this.#at);
    this.#at = now;
    return isSpent;
  }
}
