/** Enumerations of the HTTPS API. Without zod, so that the CLI and the SDKs can import them. */

/** Priorities of a message. */
export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** How a message ends without the app having had it. */
const UNDELIVERED = ["expired", "recalled", "collapsed", "overflowed", "unregistered"] as const;
/** Statuses of a message. All are final except `queued`, and `sent`, which means that only the device knows how it ended. */
export const MESSAGE_STATUSES = ["delivered", "queued", "sent", ...UNDELIVERED] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];
/** False for a message that may still end in another way. */
export const isFinal = (status: MessageStatus): boolean => status !== "queued" && status !== "sent";

/**
 * What can happen to a message before it ends. `scheduled`: it waits for its `sendAt`, or for a token of the quota; `held`: it is stored while the app is
 * paused or in quiet hours; `queued`: it is stored otherwise; `sent`: it went out on a link.
 */
export const MESSAGE_STEPS = ["accepted", "scheduled", "held", "queued", "sent"] as const;
/** How a message ends: the final statuses. */
export const MESSAGE_ENDS = ["delivered", ...UNDELIVERED] as const;
/** What a device reports about a message that it has. */
export const MESSAGE_REPORTS = ["shown", "clicked", "dismissed"] as const;
/** What timelines and webhooks tell about a message. */
export const MESSAGE_EVENTS = [...MESSAGE_STEPS, ...MESSAGE_ENDS, ...MESSAGE_REPORTS] as const;
export type MessageEventName = (typeof MESSAGE_EVENTS)[number];
/**
 * Of a message that is recalled after the app had it: the app was told to take it off its display; the device does not know it any more; the
 * device has not answered.
 */
export const RECALL_DISPLAYS = ["removed", "unknown", "pending"] as const;
/** What webhooks tell about a registration. */
export const REGISTRATION_EVENTS = ["push_disabled"] as const;
/** All that webhooks tell an app's server: also what a device sends to it. */
export const WEBHOOK_EVENTS = [
  ...MESSAGE_ENDS,
  ...MESSAGE_REPORTS,
  ...REGISTRATION_EVENTS,
  "upstream",
] as const;
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number];

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
