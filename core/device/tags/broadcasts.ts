/**
 * Broadcasts on their way to one device: they yield to single sends, are held in memory and never stored, and are
 * acknowledged by cursors. What is lost with a link is fetched again from where the app has come to.
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
   * Takes what a node calls with.
   *
   * @returns the answer, or a token: then a `settle` effect of that token follows, at the latest after `timeout(token)`
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
      // It does not know yet what the node knows: it asks when it does.
      one.missed = true;
      this.#remember(one, entries);
      return answer("deferred");
    }
    if (one.record.path !== request.path) return answer("unknown");
    if (!link.reaches(registration)) return answer("offline");
    if (one.catchUp !== "live" && one.catchUp !== "last") return this.#fetch(one, entries);
    if (prev === null || prev > (one.reached ?? prev)) return this.#fetch(one, entries);
    // After a sleep the node knows better, but for what is on the socket since before.
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

  /** Holds what is to be sent of a page. */
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
    // An acknowledgement makes room; nothing tells that others do not wait any more.
    if (one.held > 0 && !sender.mayGo(one.registration, context.now)) {
      retries.add(this, (later) => this.pump(later), context.now);
    }
  }

  /** The node does not have the member. */
  unknown(one: Subscription, context: Context): void {
    this.#parts.memberships.unknown(one, context);
  }

  /** Puts on the socket what is held, as far as it may go, and asks nodes for what is wanted. */
  pump(context: Context): void {
    this.#parts.sender.pump(context);
    this.#parts.catchUp.pump(this, context);
  }

  /**
   * The app has taken all that came through a tag up to a position. Only what is on the socket counts.
   *
   * @returns whether it acknowledged anything
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

  /** The link is lost, or the app listens no more: what it has not acknowledged is fetched again. */
  detach(registration: Registration, context: Context): void {
    for (const one of this.#parts.table.in(registration.slot)) this.drop(one, context);
  }

  /** Forgets what is under way of one tag. Others that counted on it fetch it themselves. */
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
    // Those of ttl 0 were for it, and are still.
    for (const position of open) one.called.add(position);
    this.#parts.catchUp.want(one);
  }

  #fetch(one: Subscription, entries: readonly LogEntry[]): DeliverAnswer {
    this.#remember(one, entries);
    this.#parts.catchUp.want(one);
    return answer("deferred");
  }

  /** What is for those who are there now would not be fetched by itself. */
  #remember(one: Subscription, entries: readonly LogEntry[]): void {
    for (const { position, seq } of entries) {
      if (!isNowOrNever(seq) || position <= (one.reached ?? 0)) continue;
      // A node keeps no more than that.
      if (one.called.size < LIMITS.LOG_ENTRIES) one.called.add(position);
    }
  }

  /** Decides what becomes of an entry: it is held, it goes through another tag, or it is not for this device. */
  #take(one: Subscription, entry: LogEntry, now: number): Standing {
    const { registration } = one;
    // One of ttl 0 is for whoever is there when its turn comes: its node says when that is.
    if (!isNowOrNever(entry.seq) && entry.expiresAt <= now) return "expired";
    if (!this.#parts.audience.has(one, entry)) return "filtered";
    const { position } = entry;
    // By its number too, which it has in each of its tags: under a key that they have forgotten there may be another.
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

  /** The node of this entry waits for its acknowledgement. */
  #wait(pending: PendingBroadcast, before: readonly Standing[]): number {
    const { nodes, cursors } = this.#parts;
    return nodes.wait(pending, before, (context) => {
      this.pump(context);
      if (pending.tokens.length > 0) cursors.moved(pending.subscription);
    });
  }
}
