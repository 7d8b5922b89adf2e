/**
 * Broadcasts on their way to one device. They yield to single sends, are held in memory and never stored, and are acknowledged by
 * cursors. Broadcasts lost with a link are fetched again from the app's cursor.
 */
import type { Cursor } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Context } from "../../link/effects.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { DeliverAnswer, DeliverRequest, LogEntry } from "../../tag/types.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { Audience } from "./audience.ts";
import type { BroadcastSender } from "./broadcast-sender.ts";
import type { CatchUp, Page, PageTaker } from "./catch-up.ts";
import type { Cursors } from "./cursors.ts";
import type { Memberships } from "./memberships.ts";
import { answer, answerOf, type NodeWaits, type Standing } from "./node-waits.ts";
import type { PendingBroadcast, Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

export interface BroadcastParts {
  readonly registrations: Registrations;
  readonly table: SubscriptionTable;
  readonly memberships: Memberships;
  readonly catchUp: CatchUp;
  readonly cursors: Cursors;
  readonly audience: Audience;
  readonly sender: BroadcastSender;
  readonly nodes: NodeWaits;
  readonly link: CurrentLink;
  readonly retries: Retries;
}

export class Broadcasts implements PageTaker {
  readonly #parts: BroadcastParts;

  constructor(parts: BroadcastParts) {
    this.#parts = parts;
  }

  /**
   * Takes broadcasts from a node.
   *
   * @returns the answer, or a token whose `settle` effect follows, after its timeout at the latest
   */
  deliver(
    registration: Registration,
    request: DeliverRequest,
    context: Context,
  ): DeliverAnswer | number {
    const { table, link, audience } = this.#parts;
    const one = table.find(registration.slot, request.tag);
    if (one === undefined) return answer("unknown");
    const { prev, entries, waitMs } = request;
    if (one.call === "join") {
      // The join is not answered yet; the device fetches once it is.
      one.missed = true;
      this.#remember(one, entries);
      return answer("deferred");
    }
    if (one.record.path !== request.path) return answer("unknown");
    if (!link.reaches(registration)) return answer("offline");
    if (one.catchUp !== "live" && one.catchUp !== "last") return this.#fetch(one, entries);
    if (prev === null || prev > (one.reached ?? prev)) return this.#fetch(one, entries);
    // After a sleep the node's position counts, except for broadcasts that were on the socket before.
    one.reached ??= Math.max(prev, one.slept, one.taken ?? 0);
    const standings: Standing[] = [];
    for (const entry of entries) {
      if (entry.position <= one.reached) {
        const known = one.open.find((open) => open.position === entry.position);
        standings.push(known?.pending ?? one.endOf(entry.position));
        continue;
      }
      if (registration.broadcasts.held.length >= LIMITS.BROADCAST_INFLIGHT)
        return this.#fetch(one, entries);
      const isReplaced = audience.isReplaced(one, entry, entries);
      const standing = isReplaced ? "collapsed" : this.#take(one, entry, context.now);
      if (typeof standing === "string") one.ended(entry.position, standing);
      standings.push(standing);
      one.reached = entry.position;
    }
    const last = standings.pop() ?? "filtered";
    const isOwn = typeof last === "object" && last.subscription === one && last.state !== "done";
    const token = isOwn && waitMs > 0 ? this.#wait(last, standings) : null;
    this.pump(context);
    this.#parts.cursors.advance(one);
    return token ?? answerOf(one, last, standings);
  }

  /** Holds the broadcasts of a page that are for this device. */
  page(one: Subscription, page: Page, context: Context): void {
    const { audience, sender, retries } = this.#parts;
    const { entries, replacements = [] } = page;
    for (const entry of entries) {
      if (entry.position <= (one.reached ?? 0) || audience.isReplaced(one, entry, replacements))
        continue;
      this.#take(one, entry, context.now);
    }
    one.reached = page.upTo;
    this.#parts.cursors.advance(one);
    this.pump(context);
    // An acknowledgement triggers the next pump; the end of the wait for single sends does not, so retry.
    if (one.held > 0 && !sender.mayGo(one.registration, context.now)) {
      retries.add(this, (later) => this.pump(later), context.now);
    }
  }

  /** The node does not have this member. */
  unknown(one: Subscription, context: Context): void {
    this.#parts.memberships.unknown(one, context);
  }

  /** Sends held broadcasts that may go, and fetches from nodes that have more. */
  pump(context: Context): void {
    this.#parts.sender.pump(context);
    this.#parts.catchUp.pump(this, context);
  }

  /**
   * The app has all broadcasts of a tag up to a position. Applies only to broadcasts on the socket.
   *
   * @returns whether this acknowledged anything
   */
  acknowledge({ slot, tagRef, position, discarded = [] }: Cursor, context: Context): boolean {
    const one = this.#parts.table.byRef(slot, tagRef);
    if (one === undefined || !this.#parts.registrations.inSlot(slot)?.attached) return false;
    let counts = false;
    if (one.slept > 0 && position > (one.taken ?? 0)) {
      one.taken = Math.min(position, one.slept);
      if (position >= one.slept) one.slept = 0;
      counts = true;
    }
    for (const { pending, position: at } of one.open) {
      if (at > position) break;
      if (pending.subscription !== one || pending.state !== "sent") continue;
      one.registration.broadcasts.drop(pending, "done");
      const outcome = discarded.includes(at) ? "expired" : "acknowledged";
      pending.end = outcome;
      one.ended(at, outcome);
      this.#parts.nodes.settle(pending.tokens.splice(0), outcome, context);
      for (const duplicate of pending.duplicates) this.#parts.cursors.advance(duplicate);
      counts = true;
    }
    if (!counts) return false;
    one.advance();
    this.#parts.cursors.moved(one);
    this.pump(context);
    return true;
  }

  /** The link has ended, or the app stops listening: broadcasts that it has not acknowledged will be fetched again. */
  detach(registration: Registration, context: Context): void {
    for (const one of this.#parts.table.in(registration.slot)) this.drop(one, context);
  }

  /** Forgets the broadcasts under way through one tag. Other tags that relied on them fetch them themselves. */
  drop(one: Subscription, context: Context): void {
    for (const { pending } of one.open.splice(0)) {
      if (pending.subscription !== one || pending.state === "done" || pending.state === "gone")
        continue;
      this.#parts.sender.drop(pending);
      this.#parts.nodes.settle(pending.tokens.splice(0), "offline", context);
      for (const duplicate of pending.duplicates) {
        if (duplicate.open.length > 0) this.#refetch(duplicate, context);
      }
    }
    one.held = 0;
    this.#parts.catchUp.reset(one);
  }

  #refetch(one: Subscription, context: Context): void {
    const open = one.open.map(({ position }) => position);
    this.drop(one, context);
    // Broadcasts of ttl 0 were for this device, and still are.
    for (const position of open) one.called.add(position);
    this.#parts.catchUp.want(one);
  }

  #fetch(one: Subscription, entries: readonly LogEntry[]): DeliverAnswer {
    this.#remember(one, entries);
    this.#parts.catchUp.want(one);
    return answer("deferred");
  }

  /** Remembers ttl 0 broadcasts, which a fetch would otherwise leave out. */
  #remember(one: Subscription, entries: readonly LogEntry[]): void {
    for (const { position, seq } of entries) {
      if (!isNowOrNever(seq) || position <= (one.reached ?? 0)) continue;
      // A node's log has no more.
      if (one.called.size < LIMITS.LOG_ENTRIES) one.called.add(position);
    }
  }

  /** Decides about an entry: it is held, it arrives through another tag, or it is not for this device. */
  #take(one: Subscription, entry: LogEntry, now: number): Standing {
    const { registration } = one;
    // A ttl 0 broadcast is for the devices that are there when its turn comes; its node decides when that is.
    if (!isNowOrNever(entry.seq) && entry.expiresAt <= now) return "expired";
    if (!this.#parts.audience.has(one, entry)) return "filtered";
    const { position } = entry;
    // The seq is part of the key, because it is the same in each tag: another broadcast may reuse an idempotency key that they forgot.
    const key = entry.cover.length > 1 ? `${entry.seq}.${toBase64Url(entry.key)}` : null;
    const known = key === null ? undefined : registration.broadcasts.find(key);
    if (known !== undefined && known.subscription !== one) {
      if (known.state !== "done") {
        known.duplicates.push(one);
        one.open.push({ position, pending: known });
      }
      return known;
    }
    const pending: PendingBroadcast = {
      subscription: one,
      position,
      bytes: entry.data.length,
      entry,
      state: "held",
      tokens: [],
      duplicates: [],
    };
    if (key !== null) registration.broadcasts.share(key, pending);
    this.#parts.sender.hold(pending, now);
    one.open.push({ position, pending });
    return pending;
  }

  /** The node waits for the acknowledgement of this broadcast. */
  #wait(pending: PendingBroadcast, before: readonly Standing[]): number {
    const { nodes, cursors } = this.#parts;
    return nodes.wait(pending, before, (context) => {
      this.pump(context);
      if (pending.tokens.length > 0) cursors.moved(pending.subscription);
    });
  }
}
