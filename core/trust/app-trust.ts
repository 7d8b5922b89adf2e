/**
 * What decides about the registrations of an app, small enough to travel. A device whose registration was judged by an earlier version
 * judges by it alone: after one change of a policy, a broadcast to a million devices asks the app's object once a node, not once a device.
 */
import type { AppPolicy } from "./policy.ts";

/** Plain data: it crosses RPC. */
export interface AppTrust {
  /** See `StoredTrust.version`. */
  readonly version: number;
  readonly policy: AppPolicy;
  /** IDs of the keys that may sign grants. */
  readonly keys: readonly string[];
  /** Marks of the grants that it has revoked: see `grantMark`. */
  readonly revoked: readonly string[];
  /** Tags that no device joins by itself, whatever the policy and its grant say. */
  readonly closedTags: readonly string[];
}

/** What comes with a message or broadcast for a registration. An edge or node of an older version sends neither. */
export interface TrustFields {
  /** The version that its sender knew: a registration that was judged by an earlier one receives nothing before it was judged again. */
  readonly trustVersion?: number;
  /** Only for a device that answered `trust_outdated`. */
  readonly trust?: AppTrust;
}
