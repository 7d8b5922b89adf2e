/** Broadcasts, as the edge sends them to the root of a tag and the log holds them. Plain data: it crosses RPC. */
import type { Notification } from "../../../schema/generated/link.ts";
import type { Condition, Filter } from "../../condition/types.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Priority } from "../../message/priority.ts";
import type { Refused } from "../../message/refusal.ts";
import type { ContentTypeCode } from "../../message/send.ts";

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
  /** Absent for none. */
  readonly notification?: Notification;
  /** Absent for none. */
  readonly options?: KeptOptions;
  /** 0 is for devices that are connected when the fan-out reaches them. */
  readonly ttlSeconds: number;
  readonly collapseKey: string | null;
  /** Devices a second; null for no limit. */
  readonly pace: number | null;
  /** The version of the app's trust that the edge knew: see `StoredTrust.version`. */
  readonly trustVersion?: number;
  /** The app was deleted: no message, but the end of each registration that gets it. Only the edge says so, when it deletes an app. */
  readonly ends?: boolean;
  /** No message, but the recall of the broadcast with this number: see core/tag/log/recalled.ts. */
  readonly recalls?: number;
  /** When it is to be sent, milliseconds since 1970; absent for at once. Absent in the log. */
  readonly sendAt?: number;
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
  /** When its sender recalled it, milliseconds since 1970: its content is gone, and nobody is sent it. */
  readonly recalledAt?: number;
}

/** Whether it is the end of a deleted app. */
export const endsApp = ({ ends = false }: Pick<LogEntry, "ends">): boolean => ends;

/** The latest version of the app's trust under which any of these was sent; 0 if none says. */
export const newestTrust = (entries: readonly Pick<LogEntry, "trustVersion">[]): number =>
  entries.reduce((newest, { trustVersion = 0 }) => Math.max(newest, trustVersion), 0);

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
  /** When its sender recalled it, milliseconds since 1970. */
  readonly recalledAt?: number;
  /** When it is to be sent, as long as that is ahead. */
  readonly sendAt?: number;
  /** It is the recall of another broadcast. */
  readonly isRecall?: true;
}

/** The root's answer to a recall that is durable: what became of the broadcast, and how far its recall is. */
export type BroadcastRecallAnswer =
  | { readonly ok: true; readonly broadcast: BroadcastStatus; readonly recall: BroadcastStatus }
  | Refused;

/** From the edge: a recall of a broadcast by its sender. */
export interface BroadcastRecallRequest {
  /** Of the broadcast. */
  readonly key: Uint8Array;
  readonly seq: number;
  /** As of `BroadcastRequest`. */
  readonly trustVersion: number;
  /** How long to wait until everyone was told, milliseconds. */
  readonly waitMs: number;
}
