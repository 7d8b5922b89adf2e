/** Sequence numbers of one device: a hybrid clock, so that the write-free path needs no counter row. */

/** 2024-01-01T00:00:00Z. With 12 bits a millisecond, numbers stay under 2^53 until the year 2093. */
export const SEQ_EPOCH_MS = 1_704_067_200_000;
/** Numbers of one millisecond: 2,048 messages, each in two kinds (see `HybridClock.next`). */
const PER_MS = 4_096;

/** What one reservation ahead of the wall clock lasts for: 2,048 messages. */
const RESERVE_NUMBERS = PER_MS;

/** The time a sequence number was made at, milliseconds since 1970. */
export function seqTimeMs(seq: number): number {
  return Math.floor(seq / PER_MS) + SEQ_EPOCH_MS;
}

/** Whether the number belongs to a ttl 0 message, whose outcome is only in its send answer. */
export function isNowOrNever(seq: number): boolean {
  return seq % 2 === 1;
}

/**
 * Numbers that rise whatever the wall clock does, as long as `observe` is told of every number that
 * may have been used before: rows, the socket attachment's reserve, the device's own `lastSeq`.
 *
 * What no row tells of is not given again after a kill, because the wall clock has gone on by then. That is no help while the numbers
 * run ahead of it, as they do once it was set back: those are reserved before they are given.
 */
export class HybridClock {
  #last = 0;
  #reserved = 0;
  readonly #reserve: (upTo: number) => void;

  /**
   * @param reserve stores durably that numbers up to this one may have been used; where it throws, no number is given. For whom every number has a row of its own it does
   *   nothing.
   */
  constructor(reserve: (upTo: number) => void = () => {}) {
    this.#reserve = reserve;
  }

  /** The highest number used or observed. */
  get last(): number {
    return this.#last;
  }

  /** Numbers from now on are above `seq`. */
  observe(seq: number): void {
    if (seq > this.#last) this.#last = seq;
  }

  /** No message is numbered before its registration was made, though the wall clock was set back since. */
  observeBirth(createdAt: number): void {
    this.observe(HybridClock.at(createdAt));
  }

  /**
   * @param now milliseconds since 1970
   * @param nowOrNever true makes an odd number, false an even one
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

  /** The first number of a moment, to reserve up to. */
  static at(ms: number): number {
    return (ms - SEQ_EPOCH_MS) * PER_MS;
  }
}
