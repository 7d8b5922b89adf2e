/**
 * Exact quotas of sends: a token bucket (GCRA) in the app's object, which leases tokens to edges. In any window of W seconds the edges
 * together spend at most `burst + perSecond × W` tokens, whatever is lost on the way: a token counts as spent from when it is granted, and
 * one that is leased keeps its place in the bucket until nobody can spend it any more. If the app has a queue, the bucket also grants future
 * tokens: their sends are accepted at once, and held by the devices until the token is due.
 */
import { LIMITS } from "../../schema/limits.ts";

/** How many sends an app may make: on average, and at once. */
export interface Quota {
  readonly perSecond: number;
  readonly burst: number;
  /** How long a send over the quota may wait for its token. Absent if such a send is refused. */
  readonly queueSeconds?: number | undefined;
}

/** The class of a send: its priority, or `broadcast`. */
export type SendClass = "high" | "normal" | "low" | "broadcast";

/**
 * Share of a burst that the sends of a class leave to higher ones, if sends over the quota are queued. What `normal` leaves, `high` may use at once;
 * beyond that share, `high` is queued with `normal`.
 */
const KEPT_SHARE: Readonly<Record<SendClass, number>> = {
  high: 1 / 4,
  normal: 1 / 4,
  low: 1 / 2,
  broadcast: 3 / 4,
};

/** Tokens that a class leaves in the bucket. Without a queue, all have the same chance. */
const keptFor = ({ burst, queueSeconds }: Quota, sendClass: SendClass): number =>
  queueSeconds === undefined ? 0 : Math.floor(burst * KEPT_SHARE[sendClass]);

/** What tokens are for. */
export interface TokenUse {
  readonly sendClass: SendClass;
  /** Whether the sends may be queued, if the app asks for that. */
  readonly mayWait: boolean;
}

/**
 * How long `count` tokens have to be waited for (below 0 if there are more), and the longest allowed wait, milliseconds.
 *
 * @param level tokens in the bucket
 */
export function tokenWait(quota: Quota, level: number, count: number, use: TokenUse) {
  const missing = count + keptFor(quota, use.sendClass) - level;
  return {
    waitMs: (missing * 1_000) / quota.perSecond,
    mostMs: use.mayWait ? queueMsOf(quota) : 0,
  };
}

const queueMsOf = ({ queueSeconds = 0 }: Quota): number => queueSeconds * 1_000;

/** Tokens in the bucket that a send of normal priority may use. */
export const usable = (quota: Quota, level: number): number => level - keptFor(quota, "normal");

/** A quota as it is stored. Written a few seconds ahead, so that not every lease writes a row. */
export interface StoredQuota extends Quota {
  /** A time by which the bucket is full if nothing more is granted: milliseconds since 1970. */
  readonly fullAt: number;
  /** A time by which all leases have expired. */
  readonly leasedUntil: number;
}

export const quotaOf = ({ perSecond, burst, queueSeconds }: Quota): Quota => ({
  perSecond,
  burst,
  ...(queueSeconds === undefined ? {} : { queueSeconds }),
});

/** The storage port of a quota. Every call takes effect before it returns. */
export interface QuotaStore {
  /** Null without a quota. */
  quota(): StoredQuota | null;
  setQuota(quota: StoredQuota | null): void;
}

export interface LeaseRequest {
  /** Tokens for sends that wait for the answer; 0 only asks. */
  readonly spend: number;
  /** Tokens for later sends, within `LIMITS.QUOTA_LEASE_MS` of the request. */
  readonly extra: number;
  /** Earlier leases from which this edge spends nothing more. */
  readonly ended: readonly string[];
  /** Absent from edges of an older version. */
  readonly use?: TokenUse;
}

export interface LeaseAnswer {
  readonly quota: Quota;
  /** Whether `spend` was granted. */
  readonly isGranted: boolean;
  /** When the tokens may be spent, milliseconds since 1970. Absent for now. */
  readonly at?: number;
  /** The tokens for later; null for none. */
  readonly lease: { readonly id: string; readonly tokens: number } | null;
  /** Tokens left in the bucket, with a fraction; below 0 by as many as are queued. */
  readonly level: number;
}

/** Up to so many takes of kept tokens are remembered one by one; further ones are added to the last. */
const TAKEN_MAX = 64;
/** A send from an edge of an older version, which knows no queues. */
const PLAIN: TokenUse = { sendClass: "normal", mayWait: false };

interface Lease {
  readonly tokens: number;
  until: number;
}

/** Part of a burst that all leases may hold: the rest is there for the edge that needs it. */
const LEASED_SHARE = 1 / 4;
/** Part of what is left that one lease may take. */
const LEASE_SHARE = 1 / 2;
/** Leases that are remembered, about 60 bytes each; at this number no more are given, and each send asks for its own token. */
const LEASES = 1_024;
/**
 * How far ahead a quota is stored: one row in this time. An object that starts anew lacks at most what refills in it, so it is the time of a
 * burst within these bounds: an object may be evicted a second after it was used (measured, workerd), and a short burst is back by then.
 */
const AHEAD_MS = { min: 500, max: 5_000 } as const;

export class QuotaBucket {
  readonly #store: Pick<QuotaStore, "setQuota">;
  readonly #stored: StoredQuota;
  /** Names of leases begin with it: an edge may end a lease of an earlier life of this object. */
  readonly #life: string;
  readonly #leases = new Map<string, Lease>();
  #named = 0;
  /** Tokens of all leases. */
  #leased = 0;
  /** When the bucket is full if nothing more is granted. */
  #fullAt: number;
  /** Tokens taken from what other classes leave, until they have refilled. */
  #taken: Lease[] = [];
  /** When the last queued send of high priority is due. */
  #highAt = Number.NEGATIVE_INFINITY;
  #now: number;
  #written: Pick<StoredQuota, "fullAt" | "leasedUntil">;

  /** @param now milliseconds since 1970 */
  constructor(store: Pick<QuotaStore, "setQuota">, stored: StoredQuota, now: number) {
    this.#store = store;
    this.#stored = stored;
    this.#written = stored;
    this.#now = now;
    this.#life = now.toString(36);
    // At worst empty, and its queue full: a clock that was set back must not lock the app out.
    this.#fullAt = Math.min(stored.fullAt, now + this.#capacityMs + queueMsOf(stored));
    // Before a restart this object may have taken all kept tokens, until its queue was over.
    const { waitMs } = tokenWait(stored, this.#level, 1, PLAIN);
    if (waitMs > 0) this.#taken.push({ tokens: keptFor(stored, "high"), until: now + waitMs });
    // It may have leased the maximum, too.
    const until = Math.min(stored.leasedUntil, now + LIMITS.QUOTA_LEASE_MS + AHEAD_MS.max);
    if (until > now) this.#add("", Math.floor(stored.burst * LEASED_SHARE), until);
  }

  /** @param now milliseconds since 1970 */
  take(request: LeaseRequest, now: number): LeaseAnswer {
    const { spend, extra, ended, use = PLAIN } = request;
    this.#advance(now);
    for (const id of ended) this.#end(id);
    const quota = this.#quota;
    const { waitMs, mostMs } = tokenWait(quota, this.#level, spend, use);
    const isAhead = spend > 0 && use.sendClass === "high" && this.#takeKept(spend, now + waitMs);
    if (spend > 0 && !isAhead && waitMs > mostMs)
      return { quota, isGranted: false, lease: null, level: this.#level };
    this.#fullAt = Math.max(this.#fullAt, now) + spend * this.#tokenMs;
    const lease = this.#lease(extra);
    if (spend > 0 || lease !== null) this.#write();
    const later = spend > 0 && waitMs > 0 && !isAhead ? { at: Math.ceil(now + waitMs) } : {};
    if (use.sendClass === "high" && later.at !== undefined) this.#highAt = later.at;
    return { quota, isGranted: true, ...later, lease, level: this.#level };
  }

  /**
   * Takes tokens that the other classes leave. Each still takes its place in the queue, and refills when its turn would have come, so the sends never
   * exceed the limit.
   *
   * @param backAt when they refill, milliseconds since 1970
   * @returns false if none are left, or if other sends of high priority are queued
   */
  #takeKept(tokens: number, backAt: number): boolean {
    if (backAt <= this.#now || this.#highAt > this.#now) return false;
    this.#taken = this.#taken.filter(({ until }) => until > this.#now);
    const taken = this.#taken.reduce((sum, each) => sum + each.tokens, 0);
    if (taken + tokens > keptFor(this.#stored, "high")) return false;
    const last = this.#taken.at(-1);
    if (last === undefined || this.#taken.length < TAKEN_MAX)
      this.#taken.push({ tokens, until: backAt });
    else this.#taken[this.#taken.length - 1] = { tokens: last.tokens + tokens, until: backAt };
    return true;
  }

  /** Carries this bucket over to another quota: tokens spent lately stay spent, so that setting a quota again grants nothing. */
  as(quota: Quota, now: number): StoredQuota {
    this.#advance(now);
    const most = quota.burst + (queueMsOf(quota) * quota.perSecond) / 1_000;
    const missing = Math.min(most, this.#stored.burst - this.#level);
    return {
      ...quota,
      fullAt: now + (missing * 1_000) / quota.perSecond,
      leasedUntil: this.#leased > 0 ? now + LIMITS.QUOTA_LEASE_MS : 0,
    };
  }

  /** Whether a bucket restored from the store would have fewer tokens than this one. @param now milliseconds since 1970 */
  isAhead(now: number): boolean {
    return Math.max(this.#written.fullAt, this.#written.leasedUntil) > now;
  }

  get #quota(): Quota {
    return quotaOf(this.#stored);
  }

  get #tokenMs(): number {
    return 1_000 / this.#stored.perSecond;
  }

  get #capacityMs(): number {
    return this.#stored.burst * this.#tokenMs;
  }

  get #aheadMs(): number {
    return Math.min(AHEAD_MS.max, Math.max(AHEAD_MS.min, this.#capacityMs));
  }

  /** Tokens in the bucket. */
  get #level(): number {
    return this.#stored.burst - Math.max(0, this.#fullAt - this.#now) / this.#tokenMs;
  }

  #lease(extra: number): LeaseAnswer["lease"] {
    const free = Math.floor(this.#stored.burst * LEASED_SHARE) - this.#leased;
    // Any class may spend a leased token, so nothing is leased while sends are queued.
    const left = this.#level - keptFor(this.#stored, "low");
    const tokens = Math.min(extra, free, Math.floor(left * LEASE_SHARE));
    if (tokens < 1 || this.#leases.size >= LEASES) return null;
    const id = `${this.#life}.${++this.#named}`;
    this.#fullAt = Math.max(this.#fullAt, this.#now) + tokens * this.#tokenMs;
    this.#add(id, tokens, this.#now + LIMITS.QUOTA_LEASE_MS);
    return { id, tokens };
  }

  #add(id: string, tokens: number, until: number): void {
    if (tokens < 1) return;
    this.#leases.set(id, { tokens, until });
    this.#leased += tokens;
    this.#cap(this.#now);
  }

  /** Tokens in the bucket and in leases are never more than a burst. */
  #cap(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now + this.#leased * this.#tokenMs);
  }

  #end(id: string): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    this.#leases.delete(id);
    this.#leased -= lease.tokens;
  }

  /** Lets time pass: refills the bucket, and ends expired leases. */
  #advance(now: number): void {
    if (now < this.#now) {
      // The clock was set back. How long ago that was is unknown, so no time has passed.
      const by = now - this.#now;
      this.#fullAt += by;
      for (const lease of [...this.#leases.values(), ...this.#taken]) lease.until += by;
      this.#highAt += by;
    }
    this.#now = now;
    const over = [...this.#leases].filter(([, { until }]) => until <= now);
    over.sort(([, a], [, b]) => a.until - b.until);
    for (const [id, { until }] of over) {
      this.#cap(until);
      this.#end(id);
    }
    this.#cap(now);
  }

  /** Called before anything is granted. The row is ahead of the bucket: see `AHEAD_MS`. */
  #write(): void {
    const leasedUntil = this.#leases.size > 0 ? this.#now + LIMITS.QUOTA_LEASE_MS : 0;
    const { fullAt, leasedUntil: until } = this.#written;
    if (this.#fullAt <= fullAt && leasedUntil <= until) return;
    this.#written = {
      fullAt: this.#fullAt + this.#aheadMs,
      leasedUntil: leasedUntil === 0 ? 0 : leasedUntil + this.#aheadMs,
    };
    this.#store.setQuota({ ...this.#quota, ...this.#written });
  }
}
