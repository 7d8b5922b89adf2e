/**
 * Broadcasts on their way to one device: they yield to single sends, are held in memory and never stored, and are
 * acknowledged by cursors. What is lost with a link is fetched again from where the app has come to.
 */
import {
  type Broadcast,
  CHANNEL_PUSH,
  type Cursor,
  encodePushDown,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { matchesCondition, matchesFilter } from "../../condition/evaluate.ts";
import { EVERYONE } from "../../condition/types.ts";
import type { Effects } from "../../link/effects.ts";
import type { Link } from "../../link/link.ts";
import { isNowOrNever } from "../../message/clock.ts";
import { tagIdOf } from "../../tag/name.ts";
import type {
  DeliverAnswer,
  DeliverOutcome,
  DeliverRequest,
  LogEntry,
  Replacement,
} from "../../tag/types.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { AttributeBook } from "./attributes.ts";
import { encodeOneBroadcast } from "./broadcast-frame.ts";
import type { CatchUp, Page } from "./catch-up.ts";
import type { PendingBroadcast, Subscription } from "./subscription.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** A socket that holds more unsent than this is left alone: what comes next should be able to overtake. */
const BUFFERED_BYTES = 65_536;

export interface BroadcastParts {
  readonly registrations: Registrations;
  readonly subscriptions: () => Subscriptions;
  readonly catchUp: CatchUp;
  readonly attributes: AttributeBook;
  readonly source: (app: string, tagId: string) => string;
  /** The current link; null without one. */
  readonly link: () => Link | null;
  readonly bufferedBytes: () => number;
  readonly nextToken: () => number;
  readonly retries: Retries;
  /** Something changed that is to outlast a sleep. */
  readonly onMoved: (one: Subscription) => void;
}

/** What is known of an entry that a node called with: where it is, or what became of it. */
type Standing = PendingBroadcast | DeliverOutcome;

/** A node that waits for an acknowledgement. */
interface Waiting {
  readonly pending: PendingBroadcast;
  /** Of the entries before it, in their order. */
  readonly before: readonly Standing[];
}

export class Broadcasts {
  readonly #parts: BroadcastParts;
  /** By token. */
  readonly #waiting = new Map<number, Waiting>();
  #held = 0;

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
    now: number,
    effects: Effects,
  ): DeliverAnswer | number {
    const { subscriptions, link } = this.#parts;
    const one = subscriptions().find(registration.slot, request.tag);
    if (one === undefined) return answer("unknown");
    const { prev, entries, waitMs } = request;
    if (one.call === "join") {
      // It does not know yet what the node knows: it asks when it does.
      one.missed = true;
      this.#remember(one, entries);
      return answer("deferred");
    }
    if (one.record.path !== request.path) return answer("unknown");
    if (!registration.attached || link()?.ready !== true) return answer("offline");
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
      const isReplaced = this.#isReplaced(one, entry, entries);
      const standing = isReplaced ? "collapsed" : this.#take(one, entry, now);
      if (typeof standing === "string") one.ended(entry.position, standing);
      standings.push(standing);
      one.reached = entry.position;
    }
    const last = standings.pop() ?? "filtered";
    const isOwn = typeof last === "object" && last.subscription === one && last.state !== "done";
    const token = isOwn && waitMs > 0 ? this.#wait({ pending: last, before: standings }) : null;
    this.pump(now, effects);
    this.#advance(one);
    return token ?? answerOf(one, last, standings);
  }

  /** Holds what is to be sent of a page. */
  readonly onPage = (one: Subscription, page: Page, now: number, effects: Effects): void => {
    const { entries, replacements = [] } = page;
    for (const entry of entries) {
      if (entry.position <= (one.reached ?? 0) || this.#isReplaced(one, entry, replacements))
        continue;
      this.#take(one, entry, now);
    }
    one.reached = page.upTo;
    this.#advance(one);
    this.pump(now, effects);
    // An acknowledgement makes room; nothing tells that others do not wait any more.
    if (one.held > 0 && !this.#mayGo(one.registration, now)) {
      this.#parts.retries.add(this, (...when) => this.pump(...when), now);
    }
  };

  /** Puts on the socket what is held, as far as there is room and no single send waits. */
  pump(now: number, effects: Effects): void {
    const { registrations, catchUp } = this.#parts;
    if (this.#held > 0) {
      let overdue = 0;
      for (const registration of registrations.standing()) {
        if (!this.#mayGo(registration, now)) continue;
        // One at a time, by the next event the next: together they could overfill a socket that is slow.
        if (isOverdue(registration, now) && overdue++ > 0) continue;
        this.#send(registration, now, effects);
      }
    }
    catchUp.pump(now, effects);
  }

  /** The caller of this token waits no longer: it is answered in `effects`, unless it was answered before. */
  timeout(token: number, now: number, effects: Effects): void {
    this.pump(now, effects);
    const pending = this.#waiting.get(token)?.pending;
    if (pending === undefined) return;
    pending.tokens.splice(pending.tokens.indexOf(token), 1);
    this.#settle([token], pending.state === "sent" ? "delivered" : "deferred", effects);
    this.#parts.onMoved(pending.subscription);
  }

  /**
   * The app has taken all that came through a tag up to a position. Only what is on the socket counts.
   *
   * @returns whether it acknowledged anything
   */
  acknowledge(
    { slot, tagRef, position, discarded = [] }: Cursor,
    now: number,
    effects: Effects,
  ): boolean {
    const one = this.#parts.subscriptions().byRef(slot, tagRef);
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
      this.#settle(pending.tokens.splice(0), outcome, effects);
      for (const duplicate of pending.duplicates) this.#advance(duplicate);
      counts = true;
    }
    if (!counts) return false;
    one.advance();
    this.#parts.onMoved(one);
    this.pump(now, effects);
    return true;
  }

  /** The link is lost, or the app listens no more: what it has not acknowledged is fetched again. */
  detach(registration: Registration, effects: Effects): void {
    for (const one of this.#parts.subscriptions().in(registration.slot)) this.drop(one, effects);
  }

  /** Forgets what is under way of one tag. Others that counted on it fetch it themselves. */
  drop(one: Subscription, effects: Effects): void {
    for (const { pending } of one.open.splice(0)) {
      if (pending.subscription !== one || pending.state === "done" || pending.state === "gone")
        continue;
      if (pending.state === "held") this.#held--;
      one.registration.broadcasts.drop(pending, "gone");
      this.#settle(pending.tokens.splice(0), "offline", effects);
      for (const duplicate of pending.duplicates) {
        if (duplicate.open.length > 0) this.#refetch(duplicate, effects);
      }
    }
    one.held = 0;
    this.#parts.catchUp.reset(one);
  }

  #refetch(one: Subscription, effects: Effects): void {
    const open = one.open.map(({ position }) => position);
    this.drop(one, effects);
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
    if (!this.#isMeant(one, entry)) return "filtered";
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
    registration.broadcasts.hold(pending, now);
    one.open.push({ position, pending });
    one.held++;
    this.#held++;
    return pending;
  }

  /** Whether a later broadcast of its collapse key, is for this device; one of ttl 0 replaces nothing. */
  #isReplaced(
    one: Subscription,
    { position, collapseKey }: LogEntry,
    later: readonly (Replacement | LogEntry)[],
  ): boolean {
    if (collapseKey === null) return false;
    return later.some(
      (each) =>
        each.position > position &&
        each.collapseKey === collapseKey &&
        !("seq" in each && isNowOrNever(each.seq)) &&
        this.#isMeant(one, each),
    );
  }

  /** Whether its condition and its filter hold for this device. */
  #isMeant(
    one: Subscription,
    { condition, filter }: Pick<LogEntry, "condition" | "filter">,
  ): boolean {
    const { slot } = one.record;
    const isMember = (tag: string) =>
      tag === EVERYONE || this.#parts.subscriptions().find(slot, tag) !== undefined;
    return (
      matchesCondition(condition, isMember) &&
      (filter === null || matchesFilter(filter, this.#parts.attributes.of(slot)))
    );
  }

  /**
   * Whether the broadcasts of a registration may go: no single send to it waits for the socket or for its acknowledgement,
   * and the socket is not full. Traffic that never ends holds them up for a while at a time, not for ever; that of other
   * apps of the device does not at all.
   */
  #mayGo(registration: Registration, now: number): boolean {
    if (registration.broadcasts.held.length === 0) return false;
    const buffered = this.#parts.bufferedBytes();
    if (isOverdue(registration, now)) return buffered <= LIMITS.SOCKET_BUFFER_BYTES / 2;
    return buffered <= BUFFERED_BYTES && !registration.isBusy(now);
  }

  #send(registration: Registration, now: number, effects: Effects): void {
    const window = registration.broadcasts;
    const sent: Subscription[] = [];
    window.heldSince = now;
    while (window.held.length > 0 && window.hasRoom) {
      const going: { readonly one: Subscription; readonly entry: LogEntry }[] = [];
      let bytes = 0;
      for (let pending = window.held[0]; pending !== undefined; pending = window.held[0]) {
        if (!window.hasRoom || (bytes > 0 && bytes + pending.bytes > LIMITS.DELIVER_BYTES)) break;
        sent.push(pending.subscription);
        pending.subscription.held--;
        this.#held--;
        const { entry } = pending;
        if (entry === null || (!isNowOrNever(entry.seq) && entry.expiresAt <= now)) {
          window.drop(pending, "done");
          pending.end = "expired";
          this.#settle(pending.tokens.splice(0), "expired", effects);
          continue;
        }
        window.track(pending);
        going.push({ one: pending.subscription, entry });
        bytes += pending.bytes;
      }
      const [first, ...others] = going;
      if (first === undefined) continue;
      const frame =
        others.length === 0
          ? encodeOneBroadcast(first.entry, first.one.record, now, () => this.#broadcast(first))
          : encodePushDown({
              kind: "broadcasts",
              value: {
                broadcasts: going.map((each) => ({
                  ...this.#broadcast(each),
                  ...(isNowOrNever(each.entry.seq)
                    ? {}
                    : { remainingMs: each.entry.expiresAt - now }),
                })),
              },
            });
      this.#parts.link()?.send(CHANNEL_PUSH, frame, effects);
    }
    for (const one of new Set(sent)) {
      this.#advance(one);
      // Where a node waits for the answer there is no sleep, and it is settled before there is one.
      if (one.open.some(({ pending }) => pending.tokens.length === 0)) this.#parts.onMoved(one);
      if (one.held === 0) this.#parts.catchUp.pageSent(one);
    }
  }

  #broadcast({ one, entry }: { readonly one: Subscription; readonly entry: LogEntry }): Broadcast {
    const { slot, ref, tag } = one.record;
    const { position, seq, key, lane, contentType, data, expiresAt, collapseKey } = entry;
    return {
      slot,
      tagRef: ref,
      tag,
      position,
      seq,
      key,
      source: this.#sourceOf(one, entry.cover[0] ?? tag),
      priority: lane,
      contentType,
      data,
      ...(isNowOrNever(seq) ? {} : { expiresAtMs: expiresAt }),
      ...(collapseKey === null ? {} : { collapseKey }),
    };
  }

  #sourceOf(one: Subscription, first: string): string {
    const { app } = one.registration.record;
    if (first !== one.record.tag) return this.#parts.source(app, tagIdOf(app, first));
    one.source ??= this.#parts.source(app, one.tagId);
    return one.source;
  }

  #wait(waiting: Waiting): number {
    const token = this.#parts.nextToken();
    this.#waiting.set(token, waiting);
    waiting.pending.tokens.push(token);
    return token;
  }

  #advance(one: Subscription): void {
    const { taken } = one;
    one.advance();
    if (one.taken !== taken) this.#parts.onMoved(one);
  }

  #settle(tokens: readonly number[], outcome: DeliverOutcome, effects: Effects): void {
    for (const token of tokens) {
      const waiting = this.#waiting.get(token);
      if (waiting === undefined) continue;
      this.#waiting.delete(token);
      const { pending, before } = waiting;
      const settled = { ...answer(outcome), ...outcomesOf(pending.subscription, before) };
      effects.push({ kind: "settle", token, answer: settled });
    }
  }
}

/** Whether the broadcasts of a registration have yielded long enough; by either way of the clock, which may be set. */
const isOverdue = ({ broadcasts: { heldSince } }: Registration, now: number): boolean =>
  Math.abs(now - heldSince) >= LIMITS.BROADCAST_YIELD_MS;

const answer = (outcome: DeliverOutcome) => ({ ok: true, outcome }) as const;

/** Of a tag that a broadcast came through, or another tag of the same app. */
function outcomeOf(one: Subscription, standing: Standing): DeliverOutcome {
  if (typeof standing === "string") return standing;
  if (standing.subscription !== one) return "filtered";
  const { state } = standing;
  if (state === "done") return standing.end ?? "acknowledged";
  return state === "sent" ? "delivered" : state === "held" ? "deferred" : "offline";
}

const outcomesOf = (one: Subscription, before: readonly Standing[]) =>
  before.length === 0 ? {} : { before: before.map((standing) => outcomeOf(one, standing)) };

const answerOf = (
  one: Subscription,
  last: Standing,
  before: readonly Standing[],
): DeliverAnswer => ({ ...answer(outcomeOf(one, last)), ...outcomesOf(one, before) });
