/** Seeded randomness: a run that failed is repeated by its seed, as far as the processes' own timing allows. */

export interface Random {
  /** 0 up to 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  chance(probability: number): boolean;
}

/** Mulberry32: 32 bits of state are plenty for choosing when to break what. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick: ([first, ...rest]) => {
      const at = between(0, rest.length);
      return at === 0 ? first : (rest[at - 1] ?? first);
    },
    chance: (probability) => next() < probability,
  };
}

/** A seed for a run that was given none. */
export const freshSeed = (): number => Math.floor(Math.random() * 2 ** 32);
