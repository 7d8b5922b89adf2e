/** Shares places between owners: how many each may hold while others need some, too. */

/** Part of all places kept for owners that hold none yet. */
const RESERVE = 1 / 8;

interface Owner {
  held: number;
  /** How often it asked for a place, in vain or not, in this span of time and in the one before. */
  asked: number;
  askedBefore: number;
  /** When it last had to wait for a place. */
  waitedAt: number;
}

export class OwnerShares {
  readonly #spanMs: number;
  readonly #owners = new Map<string, Owner>();
  #spanAt = Number.NEGATIVE_INFINITY;
  #held = 0;

  /** @param spanMs how long a place is held */
  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Places that all owners hold. */
  get held(): number {
    return this.#held;
  }

  /** An owner asks for one more place. */
  asks(owner: string, now: number): void {
    this.#turn(now);
    this.#of(owner).asked++;
  }

  /** It has to wait for a place, so nobody knows how many it wants. */
  waits(owner: string, now: number): void {
    this.#of(owner).waitedAt = now;
  }

  /** It holds one place more, or one less. */
  hold(owner: string, by: 1 | -1): void {
    this.#of(owner).held += by;
    this.#held += by;
  }

  /**
   * Whether an owner may hold one more of `most` places. Each owner is entitled to an equal part, and beyond that to what the others leave:
   * they keep what they hold or asked for lately, or their equal part if they had to wait. So an owner that held nearly all is down to its part
   * after the time of one place.
   */
  mayHold(owner: string, most: number, now: number): boolean {
    this.#turn(now);
    const own = this.#of(owner);
    let others = Math.ceil(most * RESERVE);
    const fair = Math.floor((most - others) / this.#owners.size);
    for (const other of this.#owners.values()) {
      if (other === own) continue;
      // An owner that was told to come back does so when the oldest place becomes free.
      const hasWaited = now - other.waitedAt < 2 * this.#spanMs;
      const wanted = Math.max(other.held, other.asked, other.askedBefore);
      others += hasWaited ? fair : Math.min(fair, wanted);
    }
    return own.held < Math.max(1, fair, most - others);
  }

  #of(name: string): Owner {
    let owner = this.#owners.get(name);
    if (owner === undefined) {
      owner = { held: 0, asked: 0, askedBefore: 0, waitedAt: Number.NEGATIVE_INFINITY };
      this.#owners.set(name, owner);
    }
    return owner;
  }

  /** Starts the next span, and forgets owners that hold nothing and did not ask lately. */
  #turn(now: number): void {
    if (now - this.#spanAt < this.#spanMs) return;
    const isNext = now - this.#spanAt < 2 * this.#spanMs;
    this.#spanAt = now;
    for (const [name, owner] of this.#owners) {
      owner.askedBefore = isNext ? owner.asked : 0;
      owner.asked = 0;
      if (owner.held === 0 && owner.askedBefore === 0) this.#owners.delete(name);
    }
  }
}
