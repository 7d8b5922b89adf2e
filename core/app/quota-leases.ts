/** The edge's end of an app's quota: spends leased tokens, and tells when to ask for more. */
import { LIMITS } from "../../schema/limits.ts";
import type { LeaseAnswer, LeaseRequest, Quota } from "./quota.ts";

interface HeldLease {
  readonly id: string;
  tokens: number;
  /** By the clock of this edge. */
  readonly until: number;
}

/** What an answer to a sender says about the quota. */
export interface QuotaState {
  readonly quota: Quota;
  /** Tokens that are left, as far as this edge knows. */
  readonly left: number;
  /** Until there is one more: milliseconds; 0 if the bucket is full. */
  readonly nextMs: number;
}

/** The most tokens that an edge asks for: what 1,000 sends a second use in the time of a lease. */
const WANT_MAX = 2_048;
/** Leases held at once: calls that overlap bring several. */
const HELD_MAX = 16;

export class QuotaLeases {
  #held: HeldLease[] = [];
  #ended: string[] = [];
  /** Tokens to ask for, as many as the last lease had use for. */
  #want = 1;
  #last: { readonly answer: LeaseAnswer; readonly at: number } | null = null;
  /** Until then the object is not asked: it had no token, and a second later its quota may have been raised. */
  #refusedUntil = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  #now = Number.NEGATIVE_INFINITY;
  /** Until then no answer waits for the object, which did not answer lately. */
  #untoldUntil = Number.NEGATIVE_INFINITY;

  /** Spends a leased token. @param now a clock that does not jump, milliseconds. @returns false if there is none */
  spend(now: number): boolean {
    this.#advance(now);
    const [lease] = this.#held;
    if (lease === undefined) return false;
    lease.tokens--;
    if (lease.tokens > 0) return true;
    // Used up before its time: the next may be larger.
    this.#want = Math.min(WANT_MAX, this.#want * 2);
    this.#end(lease);
    return true;
  }

  /** How long the object has no token, as it said lately: milliseconds; 0 if it has to be asked. */
  waitMs(now: number): number {
    return now < this.#refusedUntil ? Math.max(1, this.#nextAt - now) : 0;
  }

  /** @param spend tokens for sends that wait, 0 only asks */
  request(spend: number): LeaseRequest {
    const ended = this.#ended;
    this.#ended = [];
    return { spend, extra: spend === 0 ? 0 : this.#want, ended };
  }

  /**
   * Takes the answer of the object.
   *
   * @param askedAt when the request was made: the object counts a lease from later on, so this edge lets go of it first
   */
  answered(answer: LeaseAnswer, askedAt: number, now: number): void {
    this.#advance(now);
    this.#last = { answer, at: now };
    // Many at once may be refused while there are some.
    if (!answer.isGranted && answer.level < 1) {
      this.#nextAt = now + Math.ceil(((1 - answer.level) * 1_000) / answer.quota.perSecond);
      const askAt = Math.max(this.#nextAt, now + LIMITS.QUOTA_PAUSE_MS);
      this.#refusedUntil = Math.min(askAt, now + LIMITS.QUOTA_ASK_MS);
    }
    if (answer.lease === null) return;
    const until = askedAt + LIMITS.QUOTA_LEASE_MS;
    this.#held.push({ ...answer.lease, until });
    while (this.#held.length > HELD_MAX) this.#end(this.#held[0] as HeldLease);
    this.#advance(now);
  }

  /** Notes that the object did not answer. */
  failed(now: number): void {
    this.#advance(now);
    this.#untoldUntil = now + LIMITS.QUOTA_UNTOLD_MS;
  }

  /** Whether asking for the state is worth the time: nothing is known yet, and the object did not fail lately. */
  mayAsk(now: number): boolean {
    this.#advance(now);
    return this.#last === null && now >= this.#untoldUntil;
  }

  /** Tokens that are left as far as this edge knows, without those that it holds. */
  left(now: number): number {
    const state = this.state(now);
    return state === null ? 0 : state.left - this.#own;
  }

  /** Null before the first answer. */
  state(now: number): QuotaState | null {
    if (this.#last === null) return null;
    const { answer, at } = this.#last;
    const { perSecond, burst } = answer.quota;
    const own = this.#own;
    const filled = answer.level + (Math.max(0, now - at) * perSecond) / 1_000;
    const level = Math.max(0, Math.min(burst - own, filled));
    const left = Math.floor(level);
    const isFull = left + own >= burst;
    const nextMs = isFull ? 0 : Math.max(1, Math.ceil(((left + 1 - level) * 1_000) / perSecond));
    return { quota: answer.quota, left: left + own, nextMs };
  }

  get #own(): number {
    return this.#held.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  #advance(now: number): void {
    // A clock that was set back does not say how old a lease is.
    const isBack = now < this.#now;
    this.#now = now;
    if (isBack) {
      this.#refusedUntil = now;
      this.#untoldUntil = now;
    }
    for (const lease of this.#held) {
      if (now < lease.until && !isBack) continue;
      this.#want = Math.max(1, this.#want - lease.tokens);
      this.#end(lease);
    }
  }

  #end(lease: HeldLease): void {
    this.#held = this.#held.filter((each) => each !== lease);
    this.#ended.push(lease.id);
    if (this.#ended.length > HELD_MAX) this.#ended.shift();
  }
}
