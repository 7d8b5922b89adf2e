/** Calls between the root of a tag, its live nodes and the edge. Plain data: it crosses RPC. */
import type { LogEntry } from "./broadcast.ts";

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
  /** Absent from a root of an older version. */
  readonly access?: LiveAccess;
}

/** Who may listen live: nobody, those with a token of the app, or anyone. */
export type LiveAccess = "closed" | "token" | "open";

/** From the root to a live node: new entries. */
export interface LivePublish {
  readonly tag: string;
  readonly entries: readonly LogEntry[];
  /** Absent from a root of an older version. */
  readonly access?: LiveAccess;
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
