/** Enumerations of the HTTPS API. Without zod, so that the CLI and the SDKs can import them. */

/** Priorities of a message. */
export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** Statuses of a message. All are final except `queued`, and `sent`, which means that only the device knows how it ended. */
export const MESSAGE_STATUSES = [
  "delivered",
  "queued",
  "sent",
  "expired",
  "recalled",
  "collapsed",
  "overflowed",
  "unregistered",
  "filtered",
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

export const LIVE_ACCESS = ["closed", "token", "open"] as const;
export type LiveAccessName = (typeof LIVE_ACCESS)[number];

/** Of a policy: who may register, hold an alias or join a tag. */
export const POLICY_RULES = ["server", "granted", "open"] as const;

/** Roles of operators; each may do what those before it may. */
export const OPERATOR_ROLES = ["viewer", "operator", "owner"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** `bearer`: a send token, which signs nothing. */
export const KEY_ALGORITHMS = ["hmac-sha256", "ed25519", "bearer"] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];
export type SigningAlgorithm = Exclude<KeyAlgorithm, "bearer">;

/**
 * What a sending key may sign. `send`: messages, broadcasts and their status. `manage`: aliases, tags, registrations. `read`: every GET.
 * `grant`: listen tokens, and grants for devices.
 */
export const KEY_SCOPES = ["send", "manage", "read", "grant"] as const;
export type Scope = (typeof KEY_SCOPES)[number];
