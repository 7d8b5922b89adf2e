/** Enumerated words of the HTTPS API. No zod here, so that the command and the SDKs can import them. */

/** Names of the priorities of a message. */
export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** Final states of a message, and the two that are not: `queued`, and `sent` where only the device knows how it ended. */
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

export const KEY_ALGORITHMS = ["hmac-sha256", "ed25519"] as const;
