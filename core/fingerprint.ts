/**
 * Whether an Idempotency-Key was used before with a different body. False if the fingerprint of either request is unknown.
 *
 * @param asked fingerprint of the present request
 * @param known fingerprint of the earlier request
 */
export const isReused = (
  asked: number | null | undefined,
  known: number | null | undefined,
): boolean => asked != null && known != null && asked !== known;
