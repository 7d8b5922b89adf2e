/**
 * Finds the last position of a log that is a ring, by a few of its rows: an index by position, or a row that says it, would be
 * one more row written for every broadcast.
 */

interface Ring {
  /** Positions up to this one are not in the log; after it there is a row for each. */
  readonly born: number;
  /** Slots. */
  readonly size: number;
  /** The position that is in the slot of another one; undefined for none. */
  readonly at: (position: number) => number | undefined;
}

/**
 * The last position; `born` where there is none. A position that is not past it has itself or a later one in its slot, any other an
 * earlier one or none: so that halving finds it, in 8 rows of a ring of 128, and 11 of 1,024.
 *
 * @param near where it is looked for first, as far as somebody knows: at the head itself it takes 2 rows
 */
export function findHead({ born, size, at }: Ring, near: number): number {
  /** What is in the slot of a position that is not past the head; null for one that is. */
  const reach = (position: number): number | null => {
    const found = at(position);
    return found === undefined || found < position ? null : found;
  };
  const atNear = near > born ? reach(near) : null;
  let low = atNear ?? reach(born + 1);
  if (low === null) return born;
  /** Past the head. */
  let high = low + size;
  for (let step = 1; atNear !== null && low + step < high; step *= 2) {
    const found = reach(low + step);
    if (found === null) high = low + step;
    else low = found;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const found = reach(middle);
    if (found === null) high = middle;
    else low = found;
  }
  return low;
}
