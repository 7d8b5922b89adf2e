/** One tag of one registration in memory: its membership, and the state of its broadcasts. */
import { LIMITS } from "../../../schema/limits.ts";
import { EVERYONE } from "../../condition/types.ts";
import type { LogEntry } from "../../tag/calls/broadcast.ts";
import type { DeliverOutcome } from "../../tag/calls/fan-out.ts";
import { nodeObjectName, tagIdOf } from "../../tag/name.ts";
import type { Call } from "../calls.ts";
import type { PendingCommand } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { TagRecord } from "../store.ts";

/** A broadcast on its way to the app, through one tag. */
export interface PendingBroadcast {
  /** The tag that it goes through. */
  readonly subscription: Subscription;
  readonly position: number;
  readonly bytes: number;
  /** The entry, until it is on the socket; then null. */
  entry: LogEntry | null;
  /** "gone": its tag was left, or its link was lost. */
  state: "held" | "sent" | "done" | "gone";
  /** On the socket, and the recall of another. */
  isRecall?: boolean;
  /** Tokens of nodes that wait for its acknowledgement. */
  readonly tokens: number[];
  /** How it was "done"; absent for "acknowledged". */
  end?: "acknowledged" | "expired" | "collapsed";
  /** Other tags of the registration with the same broadcast, which do not send it again. */
  readonly duplicates: Subscription[];
}

/** A position of the log that the app has not acknowledged. */
interface Outstanding {
  readonly position: number;
  readonly pending: PendingBroadcast;
}

/**
 * The state of fetching from the tag's node on this link. `idle`: not fetching. `queued`: scheduled. `fetching`: a page is being fetched.
 * `more`, `last`: a page is on its way to the socket, with or without more to fetch. `live`: the node calls with new broadcasts.
 */
export type CatchUpState = "idle" | "queued" | "fetching" | "more" | "last" | "live";

export class Subscription {
  readonly registration: Registration;
  record: TagRecord;

  // ---- membership
  /** Whether the app wants to be in the tag; false while it is being left. */
  wanted = true;
  /** Whether the node has the member. "maybe" for a stored row, whose join may have been interrupted. */
  member: "no" | "maybe" | "yes";
  /** The call in progress or in the queue. */
  call: "join" | "leave" | null = null;
  /** A join that does not end a membership the node may have: as long as it waits for its turn, it can be taken back. */
  newJoin: Call | null = null;
  readonly joins: PendingCommand[] = [];
  readonly leaves: PendingCommand[] = [];
  #tagId: string | null = null;
  /** The part of its broadcasts' message IDs after the dot; null until it is needed. */
  source: string | null = null;

  // ---- broadcasts
  catchUp: CatchUpState = "idle";
  /** Incremented when earlier fetches become void: the link was lost, or the app stopped listening. */
  fetchEpoch = 0;
  /** The node called while a page was being fetched: there may be more than the answer has. */
  missed = false;
  /** Positions of ttl 0 broadcasts that the node called with while the device could not take them: the fetch includes them. */
  readonly called = new Set<number>();
  /** The cursor: everything up to here was acknowledged or is not for this device. Null if unknown. */
  cursor: number | null = null;
  /** The cursor by the device's own account; null if it gave none. */
  claimedCursor: number | null = null;
  /** Everything up to here is on this socket, is held for it, or is not for this device. Null if unknown. */
  coveredUpTo: number | null = null;
  /** Broadcasts up to here may be on this socket since before the object slept; 0 for none. */
  sentBeforeSleep = 0;
  /** Positions not acknowledged, in order. */
  readonly outstanding: Outstanding[] = [];
  /** How many of them are held. */
  held = 0;
  /** Outcomes of the last broadcasts that were not acknowledged, by position: a node that missed the answer calls again. */
  readonly #outcomes = new Map<number, DeliverOutcome>();

  constructor(registration: Registration, record: TagRecord, member: "no" | "maybe") {
    this.registration = registration;
    this.record = record;
    this.member = member;
  }

  /** The tag's ID in base64url; computed when first needed, because it is a hash. */
  get tagId(): string {
    this.#tagId ??= tagIdOf(this.registration.record.app, this.record.tag);
    return this.#tagId;
  }

  /** What the node needs to list the registration: only in the tag of all devices. */
  get listing(): { readonly generation?: number } {
    const { tag, generation } = this.record;
    return tag === EVERYONE ? { generation } : {};
  }

  /** In the tag of all devices an app's server finds a registration: however many tags it asks for, that one comes first. */
  get isUrgent(): boolean {
    return this.record.tag === EVERYONE;
  }

  /** The object name of a node of the tag. Default: the member's node. */
  nodeName(path = this.record.path): string {
    return nodeObjectName({ app: this.registration.record.app, tagId: this.tagId, path });
  }

  /** Whether a page is being fetched or is on its way to the socket. */
  get isFetching(): boolean {
    return this.catchUp === "fetching" || this.catchUp === "more" || this.catchUp === "last";
  }

  /** The position to fetch after: broadcasts on the socket are not fetched again. */
  get after(): number | null {
    if (this.coveredUpTo !== null) return this.coveredUpTo;
    if (this.cursor === null || this.claimedCursor === null)
      return this.cursor ?? this.claimedCursor;
    return Math.max(this.cursor, this.claimedCursor);
  }

  /** The last position sent on this socket through this tag and not acknowledged; 0 for none. */
  get sentUpTo(): number {
    const sent = this.outstanding.findLast(
      ({ pending }) => pending.subscription === this && pending.state === "sent",
    );
    return sent?.position ?? this.sentBeforeSleep;
  }

  /** Records the outcome of a broadcast. */
  recordOutcome(position: number, end: DeliverOutcome): void {
    if (end === "acknowledged") return;
    this.#outcomes.set(position, end);
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= LIMITS.BROADCAST_INFLIGHT) break;
      this.#outcomes.delete(oldest);
    }
  }

  /** The outcome of a broadcast that is no longer under way. */
  outcomeOf(position: number): DeliverOutcome {
    return this.#outcomes.get(position) ?? "acknowledged";
  }

  /** Moves `cursor` over finished broadcasts at the front. */
  advance(): void {
    while (this.outstanding[0]?.pending.state === "done") this.outstanding.shift();
    if (this.sentBeforeSleep > 0) return;
    const first = this.outstanding[0];
    const upTo = first === undefined ? this.coveredUpTo : first.position - 1;
    if (upTo !== null && upTo > (this.cursor ?? -1)) this.cursor = upTo;
  }
}
