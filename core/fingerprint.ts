/**
 * Whether an Idempotency-Key was that of another body; undecided, which is no, for one whose body nobody remembers.
 *
 * @param asked fingerprint of the request that comes now, and `known` that of the one before
 */
export const isReused = (
  asked: number | null | undefined,
  known: number | null | undefined,
): boolean => asked != null && known != null && asked !== known;
