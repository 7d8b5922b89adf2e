/**
 * Broadcasts on their way to one device. They yield to single sends, are held in memory and never stored, and are acknowledged by
 * cursors. Broadcasts lost with a link are fetched again from the app's cursor.
 */
import type { Cursor } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Context } from "../../link/effects.ts";
import { isNowOrNever } from "../../message/clock.ts";
import { contentBytes } from "../../message/options.ts";
import { endsApp, type LogEntry } from "../../tag/calls/broadcast.ts";
import type { DeliverAnswer, DeliverRequest } from "../../tag/calls/fan-out.ts";
import { broadcastName, recalledBy } from "../../tag/log/recalled.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { Audience } from "./audience.ts";
import type { BroadcastSender } from "./broadcast-sender.ts";
import type { CatchUp, Page, PageHandler } from "./catch-up.ts";
import type { Cursors } from "./cursors.ts";
import type { Memberships } from "./memberships.ts";
import { answer, answerOf, type EntryState, type NodeWaits } from "./node-waits.ts";
import type { PendingBroadcast, Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

interface BroadcastParts {
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

export class Broadcasts implements PageHandler {
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
    const { registrations, table, link, audience } = this.#parts;
    const subscription = table.find(registration.slot, request.tag);
    if (subscription === undefined) return answer("unknown");
    const { prev, entries, waitMs } = request;
    this.#withhold(registration, entries, context);
    if (subscription.call === "join") {
      // The join is not answered yet; the device fetches once it is.
      subscription.missed = true;
      this.#remember(subscription, entries);
      return answer("deferred");
    }
    if (subscription.record.path !== request.path) return answer("unknown");
    if (entries.some(endsApp)) {
      registrations.deleted.add(registration);
      return answer("unknown");
    }
    if (!link.reachesWithBroadcasts(registration)) return answer("offline");
    if (subscription.catchUp !== "live" && subscription.catchUp !== "last")
      return this.#fetch(subscription, entries);
    if (prev === null || prev > (subscription.coveredUpTo ?? prev))
      return this.#fetch(subscription, entries);
    // After a sleep the node's position counts, except for broadcasts that were on the socket before.
    subscription.coveredUpTo ??= Math.max(
      prev,
      subscription.sentBeforeSleep,
      subscription.cursor ?? 0,
    );
    const states: EntryState[] = [];
    for (const entry of entries) {
      if (entry.position <= subscription.coveredUpTo) {
        const known = subscription.outstanding.find((open) => open.position === entry.position);
        states.push(known?.pending ?? subscription.outcomeOf(entry.position));
        continue;
      }
      if (registration.broadcasts.held.length >= LIMITS.BROADCAST_INFLIGHT)
        return this.#fetch(subscription, entries);
      const isReplaced = audience.isReplaced(subscription, entry, entries);
      const state = isReplaced ? "collapsed" : this.#take(subscription, entry, context.now);
      if (typeof state === "string") subscription.recordOutcome(entry.position, state);
      states.push(state);
      subscription.coveredUpTo = entry.position;
    }
    const last = states.pop() ?? "filtered";
    const isOwn =
      typeof last === "object" && last.subscription === subscription && last.state !== "done";
    const token = isOwn && waitMs > 0 ? this.#wait(last, states) : null;
    this.pump(context);
    this.#parts.cursors.advance(subscription);
    return token ?? answerOf(subscription, last, states);
  }

  /** Holds the broadcasts of a page that are for this device. */
  onPage(subscription: Subscription, page: Page, context: Context): void {
    const { audience, sender, retries } = this.#parts;
    const { entries, replacements = [] } = page;
    if (entries.some(endsApp)) {
      this.#parts.registrations.deleted.add(subscription.registration);
      return;
    }
    this.#withhold(subscription.registration, entries, context, subscription);
    for (const entry of entries) {
      if (
        entry.position <= (subscription.coveredUpTo ?? 0) ||
        audience.isReplaced(subscription, entry, replacements)
      )
        continue;
      this.#take(subscription, entry, context.now);
    }
    subscription.coveredUpTo = page.upTo;
    this.#parts.cursors.advance(subscription);
    this.pump(context);
    // An acknowledgement triggers the next pump; the end of the wait for single sends does not, so retry.
    if (subscription.held > 0 && !sender.mayGo(subscription.registration, context.now)) {
      retries.add(this, (later) => this.pump(later), context.now);
    }
  }

  /** The node does not have this member. */
  onUnknown(subscription: Subscription, context: Context): void {
    this.#parts.memberships.onUnknown(subscription, context);
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
    const subscription = this.#parts.table.findByRef(slot, tagRef);
    if (subscription === undefined || !this.#parts.registrations.inSlot(slot)?.attached)
      return false;
    let counts = false;
    if (subscription.sentBeforeSleep > 0 && position > (subscription.cursor ?? 0)) {
      subscription.cursor = Math.min(position, subscription.sentBeforeSleep);
      if (position >= subscription.sentBeforeSleep) subscription.sentBeforeSleep = 0;
      counts = true;
    }
    for (const { pending, position: at } of subscription.outstanding) {
      if (at > position) break;
      if (pending.subscription !== subscription || pending.state !== "sent") continue;
      this.#parts.sender.end(pending, discarded.includes(at) ? "expired" : "acknowledged", context);
      counts = true;
    }
    if (!counts) return false;
    subscription.advance();
    this.#parts.cursors.markMoved(subscription);
    this.pump(context);
    return true;
  }

  /** The device has answered the recall of a broadcast. */
  recallAnswered(
    registration: Registration,
    recalled: Parameters<typeof broadcastName>[0],
    context: Context,
  ): void {
    const pending = registration.broadcasts.recalled.get(broadcastName(recalled));
    if (pending?.state !== "sent") return;
    const { subscription } = pending;
    this.#parts.sender.end(pending, "acknowledged", context);
    subscription.advance();
    this.#parts.cursors.markMoved(subscription);
    this.pump(context);
  }

  /** The link has ended, or the app stops listening: broadcasts that it has not acknowledged will be fetched again. */
  detach(registration: Registration, context: Context): void {
    for (const subscription of this.#parts.table.inSlot(registration.slot))
      this.drop(subscription, context);
  }

  /** Forgets the broadcasts under way through one tag. Other tags that relied on them fetch them themselves. */
  drop(subscription: Subscription, context: Context): void {
    for (const { pending } of subscription.outstanding.splice(0)) {
      if (
        pending.subscription !== subscription ||
        pending.state === "done" ||
        pending.state === "gone"
      )
        continue;
      this.#parts.sender.drop(pending);
      this.#parts.nodes.settle(pending.tokens.splice(0), "offline", context);
      for (const duplicate of pending.duplicates) {
        if (duplicate.outstanding.length > 0) this.#refetch(duplicate, context);
      }
    }
    subscription.held = 0;
    this.#parts.catchUp.reset(subscription);
  }

  #refetch(subscription: Subscription, context: Context): void {
    const open = subscription.outstanding.map(({ position }) => position);
    this.drop(subscription, context);
    // Broadcasts of ttl 0 were for this device, and still are.
    for (const position of open) subscription.called.add(position);
    this.#parts.catchUp.enqueue(subscription);
  }

  #fetch(subscription: Subscription, entries: readonly LogEntry[]): DeliverAnswer {
    this.#remember(subscription, entries);
    this.#parts.catchUp.enqueue(subscription);
    return answer("deferred");
  }

  /** Remembers ttl 0 broadcasts, which a fetch would otherwise leave out. */
  #remember(subscription: Subscription, entries: readonly LogEntry[]): void {
    for (const { position, seq } of entries) {
      if (!isNowOrNever(seq) || position <= (subscription.coveredUpTo ?? 0)) continue;
      // A node's log has no more.
      if (subscription.called.size < LIMITS.LOG_ENTRIES) subscription.called.add(position);
    }
  }

  /**
   * Before all else: the app must not get what was recalled, even if its recall has to wait.
   *
   * @param fetching its page is being taken, and is not over yet
   */
  #withhold(
    registration: Registration,
    entries: readonly LogEntry[],
    context: Context,
    fetching?: Subscription,
  ): void {
    const { held, recalled } = registration.broadcasts;
    for (const entry of entries) {
      const of = recalledBy(entry);
      if (of === null) continue;
      const name = broadcastName(of);
      if (recalled.get(name) === undefined) recalled.set(name, null);
      const waiting = held.find(({ entry: each }) => each !== null && broadcastName(each) === name);
      if (waiting === undefined) continue;
      const { subscription } = waiting;
      this.#parts.sender.end(waiting, "collapsed", context);
      if (subscription.held === 0 && subscription !== fetching)
        this.#parts.catchUp.pageSent(subscription);
    }
  }

  /** Decides about an entry: it is held, it arrives through another tag, or it is not for this device. */
  #take(subscription: Subscription, entry: LogEntry, now: number): EntryState {
    const { registration } = subscription;
    // A ttl 0 broadcast is for the devices that are there when its turn comes; its node decides when that is.
    if (!isNowOrNever(entry.seq) && entry.expiresAt <= now) return "expired";
    if (!this.#parts.audience.includes(subscription, entry)) return "filtered";
    const { recalled } = registration.broadcasts;
    if (recalled.size > 0 && recalled.get(broadcastName(entry)) !== undefined) return "collapsed";
    const { position } = entry;
    // The seq is part of the key, because it is the same in each tag: another broadcast may reuse an idempotency key that they forgot.
    const key = entry.cover.length > 1 ? broadcastName(entry) : null;
    const known = key === null ? undefined : registration.broadcasts.find(key);
    if (known !== undefined && known.subscription !== subscription) {
      if (known.state !== "done") {
        known.duplicates.push(subscription);
        subscription.outstanding.push({ position, pending: known });
      }
      return known;
    }
    const pending: PendingBroadcast = {
      subscription,
      position,
      bytes: contentBytes(entry),
      entry,
      state: "held",
      tokens: [],
      duplicates: [],
    };
    if (key !== null) registration.broadcasts.share(key, pending);
    this.#parts.sender.hold(pending, now);
    subscription.outstanding.push({ position, pending });
    const of = recalledBy(entry);
    if (of !== null) recalled.set(broadcastName(of), pending);
    return pending;
  }

  /** The node waits for the acknowledgement of this broadcast. */
  #wait(pending: PendingBroadcast, before: readonly EntryState[]): number {
    const { nodes, cursors } = this.#parts;
    return nodes.wait(pending, before, (context) => {
      this.pump(context);
      if (pending.tokens.length > 0) cursors.markMoved(pending.subscription);
    });
  }
}
