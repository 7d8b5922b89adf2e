/** Queues in which each of those who wait has one turn before another has its second. */

/**
 * Takes what is next from the first of a ring, which goes behind all others if more of it waits.
 *
 * @param ring those with the next turn first; none of them is empty
 * @param next takes what is next from one of them
 * @param isEmpty whether nothing of one of them is left
 */
export function takeTurn<One, Taken>(
  ring: Map<string, One>,
  next: (one: One) => Taken | undefined,
  isEmpty: (one: One) => boolean,
): Taken | undefined {
  const [first] = ring;
  if (first === undefined) return undefined;
  const [name, one] = first;
  ring.delete(name);
  const taken = next(one);
  if (!isEmpty(one)) ring.set(name, one);
  return taken;
}
