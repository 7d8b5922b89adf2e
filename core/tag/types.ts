/** Calls between the edge, devices, nodes of tags and live nodes, as plain data: they cross RPC. */
import type { Condition, Filter } from "../condition/types.ts";
import type { Priority } from "../message/priority.ts";
import type { Refused } from "../message/refusal.ts";
import type { ContentTypeCode } from "../message/send.ts";

/** A broadcast from its sender, validated by the edge. */
export interface BroadcastRequest {
  /** base64url of the app's 8 bytes. */
  readonly app: string;
  /** The tags whose logs have it. The first one's root accepted it from the sender; a device takes it from the first it is a member of. */
  readonly cover: readonly string[];
  /** Null if it is for every member of the cover. */
  readonly condition: Condition | null;
  readonly filter: Filter | null;
  /** 9 bytes by which a repeated request is recognized. */
  readonly key: Uint8Array;
  /** `SendRequest.fingerprint`. */
  readonly fingerprint?: number;
  /** Priority among the broadcasts of one tag. */
  readonly lane: Priority;
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  /** 0 is for devices that are connected when the fan-out reaches them. */
  readonly ttlSeconds: number;
  readonly collapseKey: string | null;
  /** Devices a second; null for no limit. */
  readonly pace: number | null;
  /** By the app's live key, for live listeners; null if the app has none. */
  readonly signature: Uint8Array | null;
  /** Set if another tag of the cover accepted it: it has the same ID and expiry here. */
  readonly accepted?: { readonly seq: number; readonly expiresAt: number };
}

/** One broadcast in the log of a tag. */
export interface LogEntry extends Omit<BroadcastRequest, "app" | "ttlSeconds" | "accepted"> {
  /** Rises by 1 from where the tag's root started, and over all lives of the tag: see `firstPosition`. */
  readonly position: number;
  /** Hybrid-clock number; odd for ttl 0. */
  readonly seq: number;
  /** Milliseconds since 1970. For ttl 0, when it was accepted. */
  readonly expiresAt: number;
  /** When the root accepted it, milliseconds since 1970, if its number is from a later time because the clock was ahead before. */
  readonly takenAt?: number;
}

/** The root's answer to a broadcast that is durable. A repetition with the same key gets the same answer. */
export type BroadcastAnswer = { readonly ok: true; readonly seq: number } | Refused;

/** Members by outcome. Each counts once, except that `delivered` includes `acknowledged`. */
export interface FanOutCounts {
  readonly members: number;
  /** Members that were attached when the fan-out started. */
  readonly attached: number;
  /** Of those: it was sent on their sockets, and they did not report that it had expired. */
  readonly delivered: number;
  /** Of those: the app acknowledged it. */
  readonly acknowledged: number;
  /** The condition or the filter excludes them, or they got it through an earlier tag of the cover. */
  readonly filtered: number;
  /** They were busy with earlier messages, and fetch it themselves. */
  readonly deferred: number;
  /** They turned out to be offline, and catch up when they reconnect. */
  readonly offline: number;
  /** They could not be called before it expired. */
  readonly failed: number;
  /** They could not be called yet. Their node retries until it expires. */
  readonly owed: number;
  /** It expired before they were called, or before it was passed to their app. */
  readonly expired: number;
  /** A newer broadcast with its collapse key replaced it before they were called. */
  readonly collapsed: number;
}

/** The progress of a broadcast. */
export interface BroadcastStatus extends FanOutCounts {
  readonly status: "accepted" | "sending" | "sent";
  readonly seq: number;
  /** The tag whose root accepted it from the sender. */
  readonly first: string;
  /** Attached members without an outcome, at the nodes called so far. */
  readonly remaining: number;
  readonly nodes: number;
  /** Live listeners it was sent to. */
  readonly listeners: number;
  /** Members, nodes (each with its subtree) and tags that could not be reached yet. They are retried until the broadcast expires. */
  readonly owed: number;
  /** Nodes and tags that were not reached before it expired. Their members are in no other count. */
  readonly unreached: number;
  /** Devices a second, on average so far. */
  readonly rate: number;
  /** Milliseconds since 1970; null until it is `sent`. */
  readonly finishedAt: number | null;
}

// ---------------------------------------------------------------- membership

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
  /** The last position that the device has; null if it does not know, for everything since it joined. */
  readonly after: number | null;
  /** Milliseconds since 1970 at which the app began to listen: ttl 0 broadcasts since then are for it. */
  readonly since?: number;
  /** Positions of ttl 0 broadcasts that the node delivered since then, and that the device could not accept. */
  readonly called?: readonly number[];
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
    }
  | Refused;

/** A later broadcast that replaces entries with its collapse key before its position, for the devices it is for. */
export type Replacement = Pick<LogEntry, "position" | "condition" | "filter"> & {
  readonly collapseKey: string;
};

// ---------------------------------------------------------------- fan-out

/** From a node to a device: the broadcasts after `prev`, for one of its registrations. */
export interface DeliverRequest {
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

/** From a driving node to another: bring your attached members up to the last of these entries. */
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

/** From a node to its parent: the size of its subtree. */
export interface CountReport {
  /** Of the reporting node. */
  readonly digit: string;
  readonly members: number;
  readonly nodes: number;
  /** Levels of the subtree: 1 for a leaf. */
  readonly depth: number;
  /** How often the node was closed or opened: see core/tag/tree/open-state.ts. Absent for never. */
  readonly turns?: number;
  /** Of an unused node: milliseconds since 1970 from which on it may be asked to go. Absent for at once. */
  readonly neededUntil?: number;
}

/** The parent's answer to a report. */
export interface CountAnswer {
  /** Position of the last broadcast that the parent may have served without the child. */
  readonly head: number;
  /** The parent does not exist. */
  readonly isUnborn?: boolean;
  /** The turn of a later report that the parent has. It ignored this one. */
  readonly turns?: number;
}

/** The answer of a child that was asked to go. */
export type GoAnswer =
  /** It was erased. */
  | { readonly gone: true }
  /** Do not ask before this time, milliseconds since 1970. */
  | { readonly gone: false; readonly neededUntil: number };

/** From a live node to the root: how many listeners it has. */
export interface LiveReport {
  /** The tag's name, for a root that is created. */
  readonly tag: string;
  readonly region: string;
  readonly n: number;
  readonly listeners: number;
}

export interface LiveReportAnswer {
  /** Listeners of all live nodes. */
  readonly listeners: number;
  /** Position of the last broadcast; if there was none, the one at which the root started. */
  readonly head: number;
}

// ---------------------------------------------------------------- live listeners

/** Who may listen live: nobody, those with a token of the app, or anyone. */
export type LiveAccess = "closed" | "token" | "open";

/** From the root to a live node: new entries. */
export interface LivePublish {
  readonly tag: string;
  readonly entries: readonly LogEntry[];
}

export type LivePublishAnswer =
  | { readonly kind: "behind"; readonly head: number }
  | { readonly kind: "sent"; readonly listeners: number };

/** The root's answer about its tag. */
export interface TagInfo {
  readonly tag: string;
  readonly members: number;
  readonly nodes: number;
  readonly depth: number;
  /** Milliseconds since 1970; null for never. */
  readonly lastBroadcastAt: number | null;
  readonly listeners: number;
  readonly live: LiveAccess;
  /** Position of the last broadcast; if there was none, the one at which the root started. */
  readonly head: number;
}
