/** Seeded randomness: the same seed, the same simulation, on every machine. */

const UINT32 = 0x1_0000_0000;
/** From so many on, a sum of coin tosses is as good as normal: its spread is over 5, and the error of rounding small. */
const NORMAL_FROM_VARIANCE = 30;

/** One seed out of two numbers, well mixed (the finalizer of MurmurHash3). */
export function mix(seed: number, value: number): number {
  let hash = Math.imul(seed ^ value, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash + value, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A stream of numbers that look random (mulberry32: 32 bits of state, enough for what is drawn from one seed here). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0, below 1. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / UINT32;
  }

  /** Mean 0, spread 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Times of calls have a long tail: the median, times e to a normal number of this spread. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.normal());
  }

  /** How many of `count` tosses of a coin that falls on its head with this `chance` do so. */
  binomial(count: number, chance: number): number {
    if (chance >= 1) return count;
    if (chance <= 0) return 0;
    if (chance > 0.5) return count - this.binomial(count, 1 - chance);
    const variance = count * chance * (1 - chance);
    if (variance >= NORMAL_FROM_VARIANCE) {
      const drawn = Math.round(count * chance + Math.sqrt(variance) * this.normal());
      return Math.min(count, Math.max(0, drawn));
    }
    return this.#invert(count, chance);
  }

  /** Exact, by going along the distribution; short where the mean is small. */
  #invert(count: number, chance: number): number {
    const odds = chance / (1 - chance);
    let probability = (1 - chance) ** count;
    let left = this.uniform();
    let heads = 0;
    while (left > probability && heads < count) {
      left -= probability;
      heads++;
      probability *= (odds * (count - heads + 1)) / heads;
    }
    return heads;
  }
}
