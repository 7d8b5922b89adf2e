/** What the edge, devices, tags' nodes and live nodes ask of each other about tags. Plain data: it crosses RPC. */
import type { Condition, Filter } from "../condition/types.ts";
import type { Priority } from "../message/priority.ts";
import type { Refused } from "../message/refusal.ts";
import type { ContentTypeCode } from "../message/send.ts";

/** A broadcast as its sender gave it, validated by the edge. */
export interface BroadcastRequest {
  /** base64url of the app's 8 bytes. */
  readonly app: string;
  /** The tags whose logs hold it, the one asked first; a device takes it from the first that it is in. */
  readonly cover: readonly string[];
  /** Null where every member of the cover is meant. */
  readonly condition: Condition | null;
  readonly filter: Filter | null;
  /** 9 bytes that make a retried request the same broadcast. */
  readonly key: Uint8Array;
  /** `SendRequest.fingerprint`. */
  readonly fingerprint?: number;
  /** Priority among the broadcasts of one tag. */
  readonly lane: Priority;
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  /** 0: only for devices that are connected when the fan-out reaches them. */
  readonly ttlSeconds: number;
  readonly collapseKey: string | null;
  /** Devices a second; null for as fast as it goes without slowing single sends. */
  readonly pace: number | null;
  /** By the app's live key, for live listeners; null where the app has none. */
  readonly signature: Uint8Array | null;
  /** Of one that another tag of its cover has accepted: it is the same broadcast here, of the same ID and time. */
  readonly accepted?: { readonly seq: number; readonly expiresAt: number };
}

/** One broadcast in the log of a tag. */
export interface LogEntry extends Omit<BroadcastRequest, "app" | "ttlSeconds" | "accepted"> {
  /** Rises by 1 from what the tag's root began at, and over the lives of the tag: see `firstPosition`. */
  readonly position: number;
  /** Hybrid-clock number; odd for ttl 0. */
  readonly seq: number;
  /** Milliseconds since 1970; of a ttl 0 broadcast when it was accepted. */
  readonly expiresAt: number;
  /** When its root took it, milliseconds since 1970, where its number tells a later time: the clock had been ahead before. */
  readonly takenAt?: number;
}

/** Answer of the root to a broadcast: durable when it is given. A second with the same key gets the first one's. */
export type BroadcastAnswer = { readonly ok: true; readonly seq: number } | Refused;

/** How many members came to which end. A member counts once; `delivered` includes `acknowledged`. */
export interface FanOutCounts {
  readonly members: number;
  /** Members that were called. */
  readonly attached: number;
  /** Of those: it went onto their sockets, and they did not say that it came too late. */
  readonly delivered: number;
  /** Of those: the app has taken it. */
  readonly acknowledged: number;
  /** The condition or the filter left them out, or they got it through an earlier tag of the cover. */
  readonly filtered: number;
  /** They had work before it, and fetch it by themselves. */
  readonly deferred: number;
  /** They turned out to be offline: they catch up when they come back. */
  readonly offline: number;
  /** They could not be called until it expired. */
  readonly failed: number;
  /** They could not be called yet: their node tries them until it expires. */
  readonly owed: number;
  /** It had expired when their turn came, or before their app was given it. */
  readonly expired: number;
  /** A newer one of its collapse key had taken its place when their turn came. */
  readonly collapsed: number;
}

/** What became of a broadcast so far. */
export interface BroadcastStatus extends FanOutCounts {
  readonly status: "accepted" | "sending" | "sent";
  readonly seq: number;
  /** The tag whose root took it from its sender. */
  readonly first: string;
  /** Attached members that were not called yet, as far as nodes were visited. */
  readonly remaining: number;
  readonly nodes: number;
  /** Live listeners it was sent to. */
  readonly listeners: number;
  /** With members, nodes (each with all below it) and tags that could not be reached yet: they are tried until the broadcast expires. */
  readonly owed: number;
  /** Nodes that could not be reached until then: their members are in no other count. */
  readonly unreached: number;
  /** Devices a second, over the time it took or takes. */
  readonly rate: number;
  /** Milliseconds since 1970; null until it is `sent`. */
  readonly finishedAt: number | null;
}

// ---------------------------------------------------------------- membership

export interface JoinRequest {
  /** The tag's name: a node that has none yet learns it. */
  readonly tag: string;
  /** Name of the device's object. */
  readonly device: string;
  /** The member is looked for on the way down before it is given a new place: it may have joined without knowing. */
  readonly find: boolean;
  /** From the parent's answer: the log position that a new node begins at. */
  readonly born: number | null;
  /** The device is connected and listens: it counts as attached at once. */
  readonly attach: boolean;
  /**
   * Tells the device's memberships apart: rises from one to the next, and a node takes no order of an older one. Absent for 0,
   * from devices that knew none.
   */
  readonly epoch?: number;
  /**
   * Milliseconds since 1970 from which on it is not to be taken any more: the device may have left by then. Absent from devices of an
   * older version.
   */
  readonly until?: number;
}

export interface LeaveRequest {
  /** Name of the device's object. */
  readonly device: string;
  readonly epoch?: number;
}

export type JoinAnswer =
  /** `head`: the position of the last broadcast before it joined. */
  | {
      readonly kind: "joined";
      readonly head: number;
      /** Of the membership that stands, where it is later than the one asked for. */
      readonly epoch?: number;
    }
  /** Full: go on to the child of this digit, which exists from position `born` on. */
  | { readonly kind: "child"; readonly digit: string; readonly born: number }
  /** This node does not exist (yet): begin nearer to the root. */
  | { readonly kind: "unborn" }
  /** It came after its `until`: to be asked anew. */
  | { readonly kind: "late" }
  | Refused;

export interface AttachRequest {
  readonly device: string;
  readonly epoch?: number;
  /** The last position the device has; null where it does not know: then from its joining on. */
  readonly after: number | null;
  /** Milliseconds since 1970 at which the app began to listen: what is for those who are there is for it since then. */
  readonly since?: number;
  /** Positions of ttl 0 broadcasts that the node called with since then, and that the device could not take. */
  readonly called?: readonly number[];
}

export type AttachAnswer =
  /** Not a member of this node. */
  | { readonly kind: "unknown" }
  | {
      readonly kind: "attached";
      /** Position up to which this page goes, filtered, expired and collapsed entries included. */
      readonly upTo: number;
      /** There is more: attach again after `upTo`. Only without more does the node send live. */
      readonly more: boolean;
      readonly entries: readonly LogEntry[];
      /** Absent for none, and from a node of an older version. */
      readonly replacements?: readonly Replacement[];
    }
  | Refused;

/** A later broadcast that replaces entries of its collapse key before its position, for whom it is meant. */
export type Replacement = Pick<LogEntry, "position" | "condition" | "filter"> & {
  readonly collapseKey: string;
};

// ---------------------------------------------------------------- fan-out

/** From a node to a device: the broadcasts after `prev`, for one registration. */
export interface DeliverRequest {
  readonly app: string;
  readonly tag: string;
  /** The node that calls: a device that is in another says `unknown`. */
  readonly path: string;
  /** Position up to which the node has served this member; null where it does not know. */
  readonly prev: number | null;
  /** In order, without gaps but for what has expired, or was replaced for everybody. */
  readonly entries: readonly LogEntry[];
  /** How long to wait for the device's acknowledgement. */
  readonly waitMs: number;
}

export type DeliverOutcome =
  /** The app has taken it. */
  | "acknowledged"
  /** It is on the socket. */
  | "delivered"
  | "filtered"
  | "expired"
  /** A newer one of its collapse key came with it, or before it. */
  | "collapsed"
  /** The device fetches it by itself. */
  | "deferred"
  /** No link, or the app does not listen: the node should not call again before it attaches. */
  | "offline"
  /** Not a member of the node that called. */
  | "unknown";

export type DeliverAnswer =
  | {
      readonly ok: true;
      /** Of the last entry. */
      readonly outcome: DeliverOutcome;
      /** Of those before it, in their order; absent where there are none, or the device does not tell. */
      readonly before?: readonly DeliverOutcome[];
    }
  | Refused;

/** From a driver to a node: bring your attached members up to the last of these entries. */
export interface FanOutRequest {
  readonly tag: string;
  /** In order, without gaps; the last is the one that is counted. */
  readonly entries: readonly LogEntry[];
  /** Devices a second of this node; null for as fast as it goes. */
  readonly pace: number | null;
  /** Answer after this time, done or not. */
  readonly sliceMs: number;
  /** What is missing before the first entry is remembered nowhere any more: go on without it. */
  readonly gap: boolean;
  /** Wait for devices that were called and have not answered; else they are left to a later call, see `waiting`. */
  readonly settle: boolean;
  /** Drive your own subtree too, and answer `done` only when it is: for nodes at the end of a driver's reach. */
  readonly drive: boolean;
}

/** What nodes have counted so far that owe a broadcast to members of theirs, by path. */
export type OwingNodes = Readonly<Record<string, FanOutCounts>>;

export type FanOutAnswer =
  /** Entries before the first of the request are missing here: send from `head` + 1. */
  | { readonly kind: "behind"; readonly head: number }
  | {
      readonly kind: "progress";
      readonly done: boolean;
      /** Everybody was called, and some have not answered: ask again with `settle`, there is time. */
      readonly waiting: boolean;
      /** Of the last entry, at this node; with `drive`, of its subtree. */
      readonly counts: FanOutCounts;
      /** Nodes counted in it. */
      readonly nodes: number;
      readonly remaining: number;
      /** Digits of the children there are. */
      readonly children: string;
      /** With `drive`: paths of nodes that could not be reached, each with all below it; they are counted in nothing. */
      readonly owed?: readonly string[];
      /** By path: what nodes counted that owe it to members of theirs; in `counts`, too. */
      readonly owing?: OwingNodes;
    }
  | Refused;

/** From a node to its parent: how many members its subtree holds. */
export interface CountReport {
  /** Of the child. */
  readonly digit: string;
  readonly members: number;
  readonly nodes: number;
  /** Levels of the subtree: 1 for a leaf. */
  readonly depth: number;
  /** How often the child was closed or opened: see core/tag/tree/open-state.ts. Absent for never. */
  readonly turns?: number;
  /** Of one that nobody is in: milliseconds since 1970 from which on it may be asked whether it goes. Absent for at once. */
  readonly neededUntil?: number;
}

/** What a parent answers its child. */
export interface CountAnswer {
  /** Position of the last broadcast that the parent may have served without the child. */
  readonly head: number;
  /** There is no such parent (any more). */
  readonly isUnborn?: boolean;
  /** Of a later report, where the parent knows one: this one counts for nothing. */
  readonly turns?: number;
}

/** What a child answers to whether it goes. */
export type GoAnswer =
  /** Nothing of it is left. */
  | { readonly gone: true }
  /** Not before then, in milliseconds since 1970. */
  | { readonly gone: false; readonly neededUntil: number };

/** From a live node to the root: it exists, and has so many listeners now. */
export interface LiveReport {
  /** The tag's name: a root that has none yet learns it. */
  readonly tag: string;
  readonly region: string;
  readonly n: number;
  readonly listeners: number;
}

export interface LiveReportAnswer {
  /** Listeners of all live nodes. */
  readonly listeners: number;
  /** Position of the last broadcast, or the one that the root began at. */
  readonly head: number;
}

// ---------------------------------------------------------------- live listeners

/** Who may listen live: nobody, whoever has a token of the app, or anybody. */
export type LiveAccess = "closed" | "token" | "open";

/** From the root to a live node: these entries are new. */
export interface LivePublish {
  readonly tag: string;
  readonly entries: readonly LogEntry[];
}

export type LivePublishAnswer =
  | { readonly kind: "behind"; readonly head: number }
  | { readonly kind: "sent"; readonly listeners: number };

/** What the root tells of its tag. */
export interface TagInfo {
  readonly tag: string;
  readonly members: number;
  readonly nodes: number;
  readonly depth: number;
  /** Milliseconds since 1970; null for never. */
  readonly lastBroadcastAt: number | null;
  readonly listeners: number;
  readonly live: LiveAccess;
  /** Position of the last broadcast, or the one that the root began at. */
  readonly head: number;
}
