/**
 * Finds the head of a log, which is a ring, by reading a few of its rows. An index by position, or a row that stores the head, would be
 * one more row written for each broadcast.
 */

interface Ring {
  /** Position before the first: after it, the log has a row for each position. */
  readonly born: number;
  /** Number of slots. */
  readonly size: number;
  /** The position stored in the slot of this position; undefined for an empty slot. */
  readonly at: (position: number) => number | undefined;
}

/**
 * The last position; `born` for an empty log. The slot of a position up to the head holds that position or a later one; any other slot
 * holds an earlier one or is empty. So a binary search finds the head, in 8 rows of a ring of 128, and 11 of 1,024.
 *
 * @param near where to search first: if it is the head, 2 rows are read
 */
export function findHead({ born, size, at }: Ring, near: number): number {
  /** The position in the slot of a position up to the head; null past the head. */
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
