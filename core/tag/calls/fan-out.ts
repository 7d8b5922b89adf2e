/** Calls of a fan-out: from a node to another node, and to devices. Plain data: it crosses RPC. */
import type { Refused } from "../../message/refusal.ts";
import type { TrustFields } from "../../trust/app-trust.ts";
import type { FanOutCounts, LogEntry } from "./broadcast.ts";

/** From a node to a device: the broadcasts after `prev`, for one of its registrations. */
export interface DeliverRequest extends TrustFields {
  readonly app: string;
  readonly tag: string;
  /** Path of the calling node. A device that is a member of another one answers `unknown`. */
  readonly path: string;
  /** Position up to which the node has served this member; null if unknown. */
  readonly prev: number | null;
  /** In order, without gaps except for entries that expired, or were replaced for all members. */
  readonly entries: readonly LogEntry[];
  /** How long to wait for the app's acknowledgement. */
  readonly waitMs: number;
}

export type DeliverOutcome =
  /** The app acknowledged it. */
  | "acknowledged"
  /** It was sent on the socket. */
  | "delivered"
  | "filtered"
  | "expired"
  /** A newer one with its collapse key came with it, or before it. */
  | "collapsed"
  /** The device fetches it itself. */
  | "deferred"
  /** The device is not connected, or the app does not listen: do not call it before it attaches. */
  | "offline"
  /** Not a member of the node that called. */
  | "unknown";

export type DeliverAnswer =
  | {
      readonly ok: true;
      /** Of the last entry. */
      readonly outcome: DeliverOutcome;
      /** Of the entries before it, in order; absent for none, and from devices of an older version. */
      readonly before?: readonly DeliverOutcome[];
    }
  | Refused;

/** From a driver to a node below it: bring your attached members up to the last of these entries. */
export interface FanOutRequest {
  readonly tag: string;
  /** In order, without gaps. The answer is about the last one. */
  readonly entries: readonly LogEntry[];
  /** Devices a second at this node; null for no limit. */
  readonly pace: number | null;
  /** Answer after this time, done or not. */
  readonly sliceMs: number;
  /** Entries that are missing before the first one no longer exist: continue without them. */
  readonly gap: boolean;
  /** Wait for the answers of devices that were called. Otherwise a later call does: see `waiting`. */
  readonly settle: boolean;
  /** Also drive your subtree, and answer `done` only when it is done: see `LIMITS.DRIVE_LEVELS`. */
  readonly drive: boolean;
}

/** By path: the counts of nodes that owe a broadcast to some of their members. */
export type OwingNodes = Readonly<Record<string, FanOutCounts>>;

export type FanOutAnswer =
  /** Entries before the first one of the request are missing here: send from `head` + 1. */
  | { readonly kind: "behind"; readonly head: number }
  | {
      readonly kind: "progress";
      readonly done: boolean;
      /** All were called, and some have not answered: call again with `settle`, it is not urgent. */
      readonly waiting: boolean;
      /** Of the last entry at this node; with `drive`, in its subtree. */
      readonly counts: FanOutCounts;
      /** Nodes included in `counts`. */
      readonly nodes: number;
      readonly remaining: number;
      /** Digits of the children to call. */
      readonly children: string;
      /** With `drive`: paths of nodes that could not be reached; each stands for its subtree, and is in no count. */
      readonly owed?: readonly string[];
      /** Nodes that owe it to some of their members. They are included in `counts`. */
      readonly owing?: OwingNodes;
    }
  | Refused;
