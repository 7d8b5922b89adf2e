/** Sequence numbers of one device: a hybrid clock, so that a send without a row needs no stored counter. */

/** 2024-01-01T00:00:00Z. With 12 bits per millisecond, numbers stay below 2^53 until the year 2093. */
export const SEQ_EPOCH_MS = 1_704_067_200_000;
/** Numbers per millisecond: 2,048 messages of each of two kinds (see `HybridClock.next`). */
const PER_MS = 4_096;

/** Size of one reservation ahead of the wall clock: 2,048 messages. */
const RESERVE_NUMBERS = PER_MS;

/** The time of a sequence number, milliseconds since 1970. */
export function seqTimeMs(seq: number): number {
  return Math.floor(seq / PER_MS) + SEQ_EPOCH_MS;
}

/** Whether a number belongs to a ttl 0 (now or never) message, whose outcome is only in the answer to its sender. */
export function isNowOrNever(seq: number): boolean {
  return seq % 2 === 1;
}

/**
 * Issues numbers that increase whatever the wall clock does, provided that `observe` gets every number that may have been used
 * before: of rows, of the socket attachment's reserve, of the device's `lastSeq`.
 *
 * Numbers without a row are not issued again after a kill, because the wall clock has advanced by then. While numbers run ahead of the
 * wall clock, as they do after it was set back, that does not hold, so those are reserved before they are issued.
 */
export class HybridClock {
  #last = 0;
  #reserved = 0;
  readonly #reserve: (upTo: number) => void;

  /**
   * @param reserve stores durably that numbers up to `upTo` may have been used; if it throws, no number is issued. Default: nothing,
   *   for callers that store every number
   */
  constructor(reserve: (upTo: number) => void = () => {}) {
    this.#reserve = reserve;
  }

  /** The highest number used or observed. */
  get last(): number {
    return this.#last;
  }

  /** Later numbers will be above `seq`. */
  observe(seq: number): void {
    if (seq > this.#last) this.#last = seq;
  }

  /** Keeps numbers above the creation time of a registration, even if the wall clock was set back since. */
  observeTime(createdAt: number): void {
    this.observe(HybridClock.at(createdAt));
  }

  /**
   * Issues the next number.
   *
   * @param now milliseconds since 1970
   * @param nowOrNever true for an odd number, false for an even one
   */
  next(now: number, nowOrNever: boolean): number {
    const parity = nowOrNever ? 1 : 0;
    let seq = Math.max(HybridClock.at(now), this.#last + 1);
    if (seq % 2 !== parity) seq++;
    this.#last = seq;
    if (seq >= HybridClock.at(now + 1) && seq > this.#reserved) {
      const upTo = seq + RESERVE_NUMBERS;
      this.#reserve(upTo);
      this.#reserved = upTo;
    }
    return seq;
  }

  /** The first number of a millisecond since 1970. */
  static at(ms: number): number {
    return (ms - SEQ_EPOCH_MS) * PER_MS;
  }
}
