/** One tag of one registration in memory: whether its node knows the member, and how far its broadcasts have come. */

import { LIMITS } from "../../../schema/limits.ts";
import { nodeObjectName, tagIdOf } from "../../tag/name.ts";
import type { DeliverOutcome, LogEntry } from "../../tag/types.ts";
import type { PendingCommand } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { TagRecord } from "../store.ts";

/** A broadcast that is on its way to the app, through one tag. */
export interface PendingBroadcast {
  /** The tag it goes through. */
  readonly subscription: Subscription;
  readonly position: number;
  readonly bytes: number;
  /** Until it is on the socket. */
  entry: LogEntry | null;
  /** "gone" where the tag it went through was left, or its link was lost. */
  state: "held" | "sent" | "done" | "gone";
  /** Nodes that wait for its acknowledgement. */
  readonly tokens: number[];
  /** How it was "done"; "acknowledged" unless told. */
  end?: "acknowledged" | "expired";
  /** Other tags of the registration that had the same broadcast, and do not send it too. */
  readonly duplicates: Subscription[];
}

/** A place in the log that the app has not taken. */
interface Open {
  readonly position: number;
  readonly pending: PendingBroadcast;
}

/**
 * Where the node of the tag stands with this link: not asked, to be asked, being asked for a page, its page on the way to
 * the socket with more behind it or not, or calling with what is new.
 */
export type CatchUpState = "idle" | "wanted" | "asking" | "more" | "last" | "live";

export class Subscription {
  readonly registration: Registration;
  record: TagRecord;

  // ---- membership
  /** Whether the app wants it. */
  wanted = true;
  /** Whether the node has the member; a stored row may be one whose join was cut off. */
  member: "no" | "maybe" | "yes";
  /** What is being asked, or waits to be. */
  call: "join" | "leave" | null = null;
  readonly joins: PendingCommand[] = [];
  readonly leaves: PendingCommand[] = [];
  #tagId: string | null = null;
  /** The part of its broadcasts' message IDs behind their dot; null until it is needed. */
  source: string | null = null;

  // ---- broadcasts
  catchUp: CatchUpState = "idle";
  /** One more whenever what was asked before is of no use: the link was lost, or the app stopped listening. */
  epoch = 0;
  /** The node called for this link while it was being asked: there may be more than the answer says. */
  missed = false;
  /** Positions of ttl 0 broadcasts that the node called with while the device could not take them: it fetches them, too. */
  readonly called = new Set<number>();
  /** Everything up to here was acknowledged or left out; null where nothing is known. */
  taken: number | null = null;
  /** What the device itself says of that. */
  claimed: number | null = null;
  /** Everything up to here is on this socket, held for it, or left out; null where nothing is known. */
  reached: number | null = null;
  /** Up to here something may be on this socket that was sent before the object slept; 0 for nothing. */
  slept = 0;
  /** In order of position. */
  readonly open: Open[] = [];
  /** How many of them are held for this tag. */
  held = 0;
  /** Of the last that ended otherwise than acknowledged, by position: their node asks again where it did not hear the answer. */
  readonly #ends = new Map<number, DeliverOutcome>();

  constructor(registration: Registration, record: TagRecord, member: "no" | "maybe") {
    this.registration = registration;
    this.record = record;
    this.member = member;
  }

  /** base64url of the tag's ID; a hash, so it is made when it is needed. */
  get tagId(): string {
    this.#tagId ??= tagIdOf(this.registration.record.app, this.record.tag);
    return this.#tagId;
  }

  /** Name of the object of a node of the tag: of the member's own, unless told. */
  nodeName(path = this.record.path): string {
    return nodeObjectName({ app: this.registration.record.app, tagId: this.tagId, path });
  }

  /** Position to fetch from: what is on the socket is not fetched again. */
  get after(): number | null {
    if (this.reached !== null) return this.reached;
    if (this.taken === null || this.claimed === null) return this.taken ?? this.claimed;
    return Math.max(this.taken, this.claimed);
  }

  /** The last position that went onto this socket through this tag and is not acknowledged; 0 for none. */
  get sentUpTo(): number {
    const sent = this.open.findLast(
      ({ pending }) => pending.subscription === this && pending.state === "sent",
    );
    return sent?.position ?? this.slept;
  }

  /** A broadcast came to its end here. */
  ended(position: number, end: DeliverOutcome): void {
    if (end === "acknowledged") return;
    this.#ends.set(position, end);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= LIMITS.BROADCAST_INFLIGHT) break;
      this.#ends.delete(oldest);
    }
  }

  /** How one ended that is under way no more. */
  endOf(position: number): DeliverOutcome {
    return this.#ends.get(position) ?? "acknowledged";
  }

  /** Moves `taken` over all that is done at the front. */
  advance(): void {
    while (this.open[0]?.pending.state === "done") this.open.shift();
    if (this.slept > 0) return;
    const first = this.open[0];
    const upTo = first === undefined ? this.reached : first.position - 1;
    if (upTo !== null && upTo > (this.taken ?? -1)) this.taken = upTo;
  }
}
