/** Limits of registrations that app servers remove: part of `LIMITS`. */
export const REMOVAL_LIMITS = {
  /** Removals that a device remembers, with their bans: two for each app that may be registered on it, about 30 bytes each. */
  REMOVALS: 64,
  /** The longest ban: a year. An account is not erased while one lasts. */
  BAN_MAX_SECONDS: 31_536_000,
  /** Nodes without members that one page of the list of registrations passes over: it has at most those of one node, NODE_MEMBERS. */
  LISTED_NODES: 16,
} as const;
