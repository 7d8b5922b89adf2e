/**
 * Attaches registrations to the nodes of their tags: each node is asked for the missed broadcasts, page by page, and calls with new
 * ones from then on. Nodes are not told when a link ends: they find out when they call.
 */
import { LIMITS } from "../../../schema/limits.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { LogEntry, Replacement } from "../../tag/types.ts";
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
}

export interface CatchUpParts {
  readonly calls: Calls;
  readonly retries: Retries;
  /** The name of the device's object. */
  readonly name: string;
  readonly table: SubscriptionTable;
  readonly link: CurrentLink;
}

/** Receives the answers of nodes. */
export interface PageTaker {
  /** Takes a page of the log. */
  page(one: Subscription, page: Page, context: Context): void;
  /** The node does not have this member. */
  unknown(one: Subscription, context: Context): void;
}

/** Limits of pages in memory, each up to LIMITS.CATCH_UP_BYTES. An app that acknowledges nothing must not block the others. */
const PAGES = { registration: LIMITS.TAG_CALLS, device: 4 * LIMITS.TAG_CALLS } as const;

export class CatchUp {
  readonly #parts: CatchUpParts;
  /** Waiting to be fetched, in order. */
  readonly #wanted = new Set<Subscription>();
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
  open(registration: Registration, since: number | null): void {
    registration.broadcasts.since = since;
    for (const one of this.#parts.table.in(registration.slot)) this.want(one);
  }

  /** Schedules a fetch from a tag; `pump` starts it when there is room. */
  want(one: Subscription): void {
    if (one.catchUp === "asking" || one.catchUp === "more" || one.catchUp === "last") {
      one.missed = true;
      return;
    }
    // A join in progress attaches it.
    if (!one.wanted || one.call !== null || !this.#parts.link.reaches(one.registration)) return;
    this.#set(one, "wanted");
    this.#wanted.add(one);
  }

  /** The node calls with all new broadcasts from now on. */
  live(one: Subscription): void {
    this.#set(one, "live");
  }

  /** The link has ended, the app stopped listening, or the tag was left. */
  reset(one: Subscription): void {
    if (one.catchUp === "asking" || one.catchUp === "more" || one.catchUp === "last")
      this.#count(one, -1);
    this.#wanted.delete(one);
    this.#set(one, "idle");
    one.epoch++;
    one.reached = null;
    one.slept = 0;
    one.missed = false;
    one.called.clear();
  }

  /** Starts scheduled fetches, as far as there is room. @param taker receives the answers of the nodes */
  pump(taker: PageTaker, context: Context): void {
    for (const one of this.#wanted) {
      if (this.#pages >= PAGES.device) return;
      if (one.registration.broadcasts.pages >= PAGES.registration) continue;
      this.#wanted.delete(one);
      this.#ask(one, taker, context);
    }
  }

  /** The whole page is on the socket. */
  pageSent(one: Subscription): void {
    if (one.catchUp !== "more" && one.catchUp !== "last") return;
    this.#count(one, -1);
    const goesOn = one.catchUp === "more" || one.missed;
    this.#set(one, "live");
    if (goesOn) this.want(one);
  }

  #ask(one: Subscription, taker: PageTaker, context: Context): void {
    this.#count(one, 1);
    this.#set(one, "asking");
    const { epoch } = one;
    let after: number | null = null;
    const call = {
      begin: () => {
        if (one.epoch !== epoch) return null;
        one.missed = false;
        after = one.after;
        const { since } = one.registration.broadcasts;
        const request = {
          device: this.#parts.name,
          epoch: one.record.epoch,
          after,
          ...(since === null ? {} : { since }),
          ...(one.called.size === 0 ? {} : { called: [...one.called] }),
        };
        return { kind: "tag", name: one.nodeName(), call: { method: "attach", request } } as const;
      },
      done: (result: CallResult, later: Context) => {
        if (one.epoch === epoch) this.#answered(one, taker, after, result, later);
        // The node may count the broadcasts of this late answer as served.
        else this.want(one);
      },
    };
    this.#parts.calls.ask(call, context);
  }

  #answered(
    one: Subscription,
    taker: PageTaker,
    after: number | null,
    result: CallResult,
    context: Context,
  ): void {
    const answer = result.ok ? result.answer : undefined;
    const kind = typeof answer === "object" && "kind" in answer ? answer.kind : undefined;
    if (kind === "unknown") {
      this.#count(one, -1);
      this.#set(one, "idle");
      taker.unknown(one, context);
    } else if (typeof answer === "object" && "kind" in answer && answer.kind === "attached") {
      one.member = "yes";
      this.#paged(one, taker, after, answer, context);
    } else {
      this.#count(one, -1);
      this.#set(one, "idle");
      this.#parts.retries.add(one, () => this.want(one), context.now);
    }
  }

  #paged(
    one: Subscription,
    taker: PageTaker,
    after: number | null,
    page: Page,
    context: Context,
  ): void {
    if (after !== null && page.upTo < after) {
      // The node never had that position. If it is the device's claim, ignore it: the mesh's own cursor counts. If it is the mesh's
      // cursor, the node lost its log, or its tag began anew while the clock was set back: fetch everything since the device joined.
      const isClaim = one.reached === null && after === one.claimed && after !== one.taken;
      one.claimed = null;
      one.reached = null;
      if (!isClaim) one.taken = null;
      this.#count(one, -1);
      this.#set(one, "idle");
      this.want(one);
      return;
    }
    if (after !== null && one.reached === null) {
      one.taken = after;
      one.reached = after;
    }
    one.claimed = null;
    for (const position of one.called) if (position <= page.upTo) one.called.delete(position);
    this.#set(one, page.more ? "more" : "last");
    taker.page(one, page, context);
    if (one.held === 0) this.pageSent(one);
  }

  #count(one: Subscription, pages: 1 | -1): void {
    this.#pages += pages;
    one.registration.broadcasts.pages += pages;
  }

  #set(one: Subscription, state: CatchUpState): void {
    const { slot } = one.record;
    const live = this.#live.get(slot) ?? 0;
    if (one.catchUp === "live") this.#live.set(slot, live - 1);
    if (state === "live") this.#live.set(slot, (this.#live.get(slot) ?? 0) + 1);
    one.catchUp = state;
  }
}
