/**
 * Attaches registrations to the nodes of their tags: each node is asked for the missed broadcasts, page by page, and calls with new
 * ones from then on. Nodes are not told when a link ends: they find out when they call.
 */
import { LIMITS } from "../../../schema/limits.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import { endsApp, type LogEntry, newestTrust } from "../../tag/calls/broadcast.ts";
import type { Replacement } from "../../tag/calls/membership.ts";
import type { AppTrust, TrustFields } from "../../trust/app-trust.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Retries } from "../retries.ts";
import type { CatchUpState, Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** A page of a node's log. */
export interface Page {
  readonly upTo: number;
  readonly more: boolean;
  readonly entries: readonly LogEntry[];
  readonly replacements?: readonly Replacement[];
  readonly trust?: AppTrust;
}

interface CatchUpParts {
  readonly calls: Calls;
  readonly retries: Retries;
  /** The name of the device's object. */
  readonly name: string;
  readonly table: SubscriptionTable;
  readonly link: CurrentLink;
  /** See `Rights.judges`. */
  readonly judges: (registration: Registration, sent: TrustFields, context: Context) => boolean;
}

/** Receives the answers of nodes. */
export interface PageHandler {
  /** Takes a page of the log. */
  onPage(subscription: Subscription, page: Page, context: Context): void;
  /** The node does not have this member. */
  onUnknown(subscription: Subscription, context: Context): void;
}

/** Limits of pages in memory, each up to LIMITS.CATCH_UP_BYTES. An app that acknowledges nothing must not block the others. */
const PAGES = { registration: LIMITS.TAG_CALLS, device: 4 * LIMITS.TAG_CALLS } as const;

export class CatchUp {
  readonly #parts: CatchUpParts;
  /** Waiting to be fetched, in order, by registration: one that has no room is passed over, however many of its tags wait. */
  readonly #queues = new Map<Registration, Set<Subscription>>();
  /** Pages of all registrations that are being fetched or held. */
  #pages = 0;
  /** Number of live tags, by slot. */
  readonly #live = new Map<number, number>();

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** Whether the nodes of all its tags call with new broadcasts: then a sleep forgets nothing. */
  isLive(registration: Registration): boolean {
    const { slot } = registration;
    return (
      registration.broadcasts.held.length === 0 &&
      (this.#live.get(slot) ?? 0) === this.#parts.table.count(slot)
    );
  }

  /** Fetches from all tags of a registration. @param since when the app began to listen, milliseconds since 1970; null if unknown */
  attach(registration: Registration, since: number | null): void {
    registration.broadcasts.since = since;
    for (const subscription of this.#parts.table.inSlot(registration.slot))
      this.enqueue(subscription);
  }

  /** Schedules a fetch from a tag; `pump` starts it when there is room. */
  enqueue(subscription: Subscription): void {
    if (subscription.isFetching) {
      subscription.missed = true;
      return;
    }
    // A join in progress attaches it.
    if (
      !subscription.wanted ||
      subscription.call !== null ||
      !this.#parts.link.reachesWithBroadcasts(subscription.registration)
    )
      return;
    this.#set(subscription, "queued");
    const { registration } = subscription;
    const queue = this.#queues.get(registration);
    if (queue === undefined) this.#queues.set(registration, new Set([subscription]));
    else queue.add(subscription);
  }

  /** The node calls with all new broadcasts from now on. */
  setLive(subscription: Subscription): void {
    this.#set(subscription, "live");
  }

  /** The link has ended, the app stopped listening, or the tag was left. */
  reset(subscription: Subscription): void {
    if (subscription.isFetching) this.#count(subscription, -1);
    this.#dequeue(subscription);
    this.#set(subscription, "idle");
    subscription.fetchEpoch++;
    subscription.coveredUpTo = null;
    subscription.sentBeforeSleep = 0;
    subscription.missed = false;
    subscription.called.clear();
  }

  /** Starts scheduled fetches, as far as there is room. @param handler receives the answers of the nodes */
  pump(handler: PageHandler, context: Context): void {
    for (const [{ broadcasts }, queue] of this.#queues) {
      for (const subscription of queue) {
        if (this.#pages >= PAGES.device) return;
        if (broadcasts.pages >= PAGES.registration) break;
        this.#dequeue(subscription);
        this.#fetch(subscription, handler, context);
      }
    }
  }

  /** The whole page is on the socket. */
  pageSent(subscription: Subscription): void {
    if (subscription.catchUp !== "more" && subscription.catchUp !== "last") return;
    this.#count(subscription, -1);
    const goesOn = subscription.catchUp === "more" || subscription.missed;
    this.#set(subscription, "live");
    if (goesOn) this.enqueue(subscription);
  }

  #dequeue(subscription: Subscription): void {
    const { registration } = subscription;
    const queue = this.#queues.get(registration);
    queue?.delete(subscription);
    if (queue?.size === 0) this.#queues.delete(registration);
  }

  #fetch(subscription: Subscription, handler: PageHandler, context: Context): void {
    this.#count(subscription, 1);
    this.#set(subscription, "fetching");
    const { fetchEpoch } = subscription;
    let after: number | null = null;
    const call = {
      begin: () => {
        if (subscription.fetchEpoch !== fetchEpoch) return null;
        subscription.missed = false;
        after = subscription.after;
        const { broadcasts, standing } = subscription.registration;
        const { since } = broadcasts;
        const request = {
          device: this.#parts.name,
          epoch: subscription.record.epoch,
          ...subscription.listing,
          after,
          ...(since === null ? {} : { since }),
          ...(subscription.called.size === 0 ? {} : { called: [...subscription.called] }),
          ...(standing.version === 0 ? {} : { trustVersion: standing.version }),
        };
        return {
          kind: "tag",
          name: subscription.nodeName(),
          call: { method: "attach", request },
        } as const;
      },
      done: (result: CallResult, later: Context) => {
        if (subscription.fetchEpoch === fetchEpoch)
          this.#onAnswer(subscription, handler, after, result, later);
        // The node may count the broadcasts of this late answer as served.
        else this.enqueue(subscription);
      },
    };
    this.#parts.calls.enqueue(call, context);
  }

  #onAnswer(
    subscription: Subscription,
    handler: PageHandler,
    after: number | null,
    result: CallResult,
    context: Context,
  ): void {
    const answer = result.ok ? result.answer : undefined;
    const kind = typeof answer === "object" && "kind" in answer ? answer.kind : undefined;
    if (kind === "unknown") {
      this.#count(subscription, -1);
      this.#set(subscription, "idle");
      handler.onUnknown(subscription, context);
    } else if (typeof answer === "object" && "kind" in answer && answer.kind === "attached") {
      subscription.member = "yes";
      if (this.#mayHave(subscription, answer, context))
        this.#takePage(subscription, handler, after, answer, context);
    } else {
      this.#count(subscription, -1);
      this.#set(subscription, "idle");
      this.#parts.retries.add(subscription, () => this.enqueue(subscription), context.now);
    }
  }

  /** Whether the registration may still have a page; if not, it is detached, and this fetch is over. */
  #mayHave(subscription: Subscription, { entries, trust }: Page, context: Context): boolean {
    // A node of an older version does not say what the app's trust is. The end of the app is for every registration, lapsed or not.
    if (trust === undefined || entries.some(endsApp)) return true;
    const { fetchEpoch, registration } = subscription;
    this.#parts.judges(registration, { trustVersion: newestTrust(entries), trust }, context);
    return subscription.fetchEpoch === fetchEpoch;
  }

  #takePage(
    subscription: Subscription,
    handler: PageHandler,
    after: number | null,
    page: Page,
    context: Context,
  ): void {
    if (after !== null && page.upTo < after) {
      // The node never had that position. If it is the device's claim, ignore it: the mesh's own cursor counts. If it is the mesh's
      // cursor, the node lost its log, or its tag began anew while the clock was set back: fetch everything since the device joined.
      const isClaim =
        subscription.coveredUpTo === null &&
        after === subscription.claimedCursor &&
        after !== subscription.cursor;
      subscription.claimedCursor = null;
      subscription.coveredUpTo = null;
      if (!isClaim) subscription.cursor = null;
      this.#count(subscription, -1);
      this.#set(subscription, "idle");
      this.enqueue(subscription);
      return;
    }
    if (after !== null && subscription.coveredUpTo === null) {
      subscription.cursor = after;
      subscription.coveredUpTo = after;
    }
    subscription.claimedCursor = null;
    for (const position of subscription.called)
      if (position <= page.upTo) subscription.called.delete(position);
    this.#set(subscription, page.more ? "more" : "last");
    handler.onPage(subscription, page, context);
    if (subscription.held === 0) this.pageSent(subscription);
  }

  #count(subscription: Subscription, pages: 1 | -1): void {
    this.#pages += pages;
    subscription.registration.broadcasts.pages += pages;
  }

  #set(subscription: Subscription, state: CatchUpState): void {
    const { slot } = subscription.record;
    const live = this.#live.get(slot) ?? 0;
    if (subscription.catchUp === "live") this.#live.set(slot, live - 1);
    if (state === "live") this.#live.set(slot, (this.#live.get(slot) ?? 0) + 1);
    subscription.catchUp = state;
  }
}
