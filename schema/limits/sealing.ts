/** Limits of what a device and the mesh seal for each other: part of `LIMITS`. */
export const SEALING_LIMITS = {
  /** Age at which an app sets up another key with the mesh: far fewer frames than the 2^32 for which random nonces are safe. */
  LINK_EPOCH_MAX_AGE_DAYS: 30,
} as const;
