/** Calls from a device to the nodes that it is a member of, or joins. Plain data: it crosses RPC. */
import type { Refused } from "../../message/refusal.ts";
import type { AppTrust } from "../../trust/app-trust.ts";
import type { LogEntry } from "./broadcast.ts";

export interface JoinRequest {
  /** The tag's name, for a node that is created. */
  readonly tag: string;
  /** Name of the device's object. */
  readonly device: string;
  /** Search the path for the member before it is added: it may have joined without knowing. */
  readonly find: boolean;
  /** From the parent's answer: the log position at which a new node starts. */
  readonly born: number | null;
  /** The device is connected, and its app listens: attach it at once. */
  readonly attach: boolean;
  /**
   * Number of the membership. Rises with each membership of the device, and a node ignores requests of an older one. Absent for 0, from
   * devices of an older version.
   */
  readonly epoch?: number;
  /** Of the registration, see `RegIdParts`. Only in the tag of all devices, whose members are listed. */
  readonly generation?: number;
  /** Milliseconds since 1970 at which it becomes invalid, because the device may leave later. Absent from devices of an older version. */
  readonly until?: number;
}

export interface LeaveRequest {
  /** Name of the device's object. */
  readonly device: string;
  readonly epoch?: number;
}

export type JoinAnswer =
  /** `head` is the position of the last broadcast before it joined. */
  | {
      readonly kind: "joined";
      readonly head: number;
      /** Set if the device has a later membership than the one in the request. */
      readonly epoch?: number;
    }
  /** The node is full: join the child with this digit, which starts at position `born`. */
  | { readonly kind: "child"; readonly digit: string; readonly born: number }
  /** This node does not exist: start nearer to the root. */
  | { readonly kind: "unborn" }
  /** It arrived after `until`: ask again. */
  | { readonly kind: "late" }
  | Refused;

export interface AttachRequest {
  readonly device: string;
  readonly epoch?: number;
  /** As of `JoinRequest`: for members that joined before it was recorded. */
  readonly generation?: number;
  /** The last position that the device has; null if it does not know, for everything since it joined. */
  readonly after: number | null;
  /** Milliseconds since 1970 at which the app began to listen: ttl 0 broadcasts since then are for it. */
  readonly since?: number;
  /** Positions of ttl 0 broadcasts that the node delivered since then, and that the device could not accept. */
  readonly called?: readonly number[];
  /** The version of the app's trust that the registration was judged by; absent for 0, and from devices of an older version. */
  readonly trustVersion?: number;
}

export type AttachAnswer =
  /** Not a member of this node. */
  | { readonly kind: "unknown" }
  | {
      readonly kind: "attached";
      /** Position up to which this page goes, including entries that are left out as expired or collapsed. */
      readonly upTo: number;
      /** There are more pages: attach again after `upTo`. The node calls the device only after the last page. */
      readonly more: boolean;
      readonly entries: readonly LogEntry[];
      /** Absent for none, and from nodes of an older version. */
      readonly replacements?: readonly Replacement[];
      /** The app's trust, if entries were sent under a later version than the device knows. Absent from nodes of an older version, too. */
      readonly trust?: AppTrust;
    }
  | Refused;

/** A later broadcast that replaces entries with its collapse key before its position, for the devices it is for. */
export type Replacement = Pick<LogEntry, "position" | "condition" | "filter"> & {
  readonly collapseKey: string;
};

/** The members and children of one node. */
export interface NodeMembers {
  /** In the order in which they joined. */
  readonly members: readonly (readonly [device: string, generation: number])[];
  /** Members whose generation is not known: see `MemberRecord`. */
  readonly unknown: number;
  /** Digits of the children below which there may be members. */
  readonly children: string;
}
