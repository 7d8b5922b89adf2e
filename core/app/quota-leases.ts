/** The edge's part of an app's quota: spends leased tokens, and says when to ask for more. */
import { LIMITS } from "../../schema/limits.ts";
import {
  type LeaseAnswer,
  type LeaseRequest,
  type Quota,
  type TokenUse,
  tokenWait,
  usable,
} from "./quota.ts";

/** The object's last refusal. */
interface Refused {
  /** Until then the object is not asked again. Not for long: its quota may be raised meanwhile. */
  readonly until: number;
  readonly nextAt: number;
}

interface HeldLease {
  readonly id: string;
  tokens: number;
  /** By the clock of this edge. */
  readonly until: number;
}

/** What an answer to a sender says about the quota. */
export interface QuotaState {
  readonly quota: Quota;
  /** Tokens that are left for sends of normal priority, as far as this edge knows. */
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
  /** By use: there may be a token for another one. */
  readonly #refused = new Map<string, Refused>();
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
  waitMs(now: number, use: TokenUse): number {
    const refused = this.#refused.get(nameOf(use));
    return refused !== undefined && now < refused.until ? Math.max(1, refused.nextAt - now) : 0;
  }

  /** @param spend tokens for sends that wait, 0 only asks */
  request(spend: number, use: TokenUse): LeaseRequest {
    const ended = this.#ended;
    this.#ended = [];
    return { spend, extra: spend === 0 ? 0 : this.#want, ended, use };
  }

  /**
   * Takes the answer of the object.
   *
   * @param askedAt when the request was made: the object counts a lease from later on, so this edge lets go of it first
   */
  answered(answer: LeaseAnswer, use: TokenUse, askedAt: number, now: number): void {
    this.#advance(now);
    this.#last = { answer, at: now };
    // A request for many may be refused while there are tokens for fewer.
    const { waitMs, mostMs } = tokenWait(answer.quota, answer.level, 1, use);
    if (!answer.isGranted && waitMs > mostMs) {
      const nextAt = now + Math.ceil(waitMs - mostMs);
      const askAt = Math.max(nextAt, now + LIMITS.QUOTA_PAUSE_MS);
      this.#refused.set(nameOf(use), { until: Math.min(askAt, now + LIMITS.QUOTA_ASK_MS), nextAt });
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

  /** How many tokens the object can still grant for a use, as far as this edge knows; at least 0. */
  left(now: number, use: TokenUse): number {
    if (this.#last === null) return 0;
    const { quota } = this.#last.answer;
    const { waitMs, mostMs } = tokenWait(quota, this.#levelAt(now), 0, use);
    return Math.max(0, Math.floor(((mostMs - waitMs) * quota.perSecond) / 1_000));
  }

  /** Null before the first answer. */
  state(now: number): QuotaState | null {
    if (this.#last === null) return null;
    const { answer } = this.#last;
    const { perSecond, burst } = answer.quota;
    const own = this.#own;
    const level = this.#levelAt(now);
    const free = usable(answer.quota, level);
    const left = Math.max(0, Math.floor(free));
    const isFull = Math.floor(level) + own >= burst;
    const nextMs = isFull ? 0 : Math.max(1, Math.ceil(((left + 1 - free) * 1_000) / perSecond));
    return { quota: answer.quota, left: left + own, nextMs };
  }

  /** Tokens in the bucket, as far as this edge knows. */
  #levelAt(now: number): number {
    if (this.#last === null) return 0;
    const { answer, at } = this.#last;
    const { perSecond, burst } = answer.quota;
    return Math.min(burst - this.#own, answer.level + (Math.max(0, now - at) * perSecond) / 1_000);
  }

  get #own(): number {
    return this.#held.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  #advance(now: number): void {
    // A clock that was set back does not say how old a lease is.
    const isBack = now < this.#now;
    this.#now = now;
    if (isBack) {
      this.#refused.clear();
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

const nameOf = ({ sendClass, mayWait }: TokenUse): string => `${sendClass} ${mayWait}`;
