/** Whose a room is: how much of it each owner may hold, when there are others. */

/** What is left to owners that hold nothing yet, as a part of the room. */
const RESERVE = 1 / 8;

interface Owner {
  held: number;
  /** How often it asked for a place in this span of time, and in the one before; whether it got one or not. */
  asked: number;
  askedBefore: number;
  /** When it had to wait for one last. */
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

  /** Places of all owners. */
  get held(): number {
    return this.#held;
  }

  /** An owner asks for one more place. */
  asks(owner: string, now: number): void {
    this.#turn(now);
    this.#of(owner).asked++;
  }

  /** There is none for it yet: it may want any number. */
  waits(owner: string, now: number): void {
    this.#of(owner).waitedAt = now;
  }

  /** It has one more, or one less. */
  hold(owner: string, by: 1 | -1): void {
    this.#of(owner).held += by;
    this.#held += by;
  }

  /**
   * Whether an owner may have one more of so many. Each may have an equal part, and beyond that what others leave: they are left what they
   * hold or asked for lately, or their part where they had to wait. So whoever had nearly all is down to its part within the time of one place.
   */
  mayHold(owner: string, most: number, now: number): boolean {
    this.#turn(now);
    const own = this.#of(owner);
    let others = Math.ceil(most * RESERVE);
    const fair = Math.floor((most - others) / this.#owners.size);
    for (const other of this.#owners.values()) {
      if (other === own) continue;
      // Who is told to come back does so when the place that goes first has gone.
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

  /** Forgets whoever holds nothing, and did not ask lately. */
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
