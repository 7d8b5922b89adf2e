/**
 * Exact quotas of sends: a token bucket (GCRA) in the app's object, which leases tokens to edges. In any window of W seconds the edges
 * together spend at most `burst + perSecond × W` tokens, whatever is lost on the way: a token counts as spent from when it is granted, and
 * one that is leased keeps its place in the bucket until nobody can spend it any more.
 */
import { LIMITS } from "../../schema/limits.ts";

/** How many sends an app may make: on average, and at once. */
export interface Quota {
  readonly perSecond: number;
  readonly burst: number;
}

/** A quota as it is stored. Written a few seconds ahead, so that not every lease writes a row. */
export interface StoredQuota extends Quota {
  /** A time by which the bucket is full if nothing more is granted: milliseconds since 1970. */
  readonly fullAt: number;
  /** A time by which all leases have expired. */
  readonly leasedUntil: number;
}

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
}

export interface LeaseAnswer {
  readonly quota: Quota;
  /** Whether `spend` was granted. */
  readonly isGranted: boolean;
  /** The tokens for later; null for none. */
  readonly lease: { readonly id: string; readonly tokens: number } | null;
  /** Tokens left in the bucket, with a fraction. */
  readonly level: number;
}

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
  #now: number;
  #written: Pick<StoredQuota, "fullAt" | "leasedUntil">;

  /** @param now milliseconds since 1970 */
  constructor(store: Pick<QuotaStore, "setQuota">, stored: StoredQuota, now: number) {
    this.#store = store;
    this.#stored = stored;
    this.#written = stored;
    this.#now = now;
    this.#life = now.toString(36);
    // At worst empty: a clock that was set back must not lock the app out.
    this.#fullAt = Math.min(stored.fullAt, now + this.#capacityMs);
    // An earlier life may have leased as much as it could.
    const until = Math.min(stored.leasedUntil, now + LIMITS.QUOTA_LEASE_MS + AHEAD_MS.max);
    if (until > now) this.#add("", Math.floor(stored.burst * LEASED_SHARE), until);
  }

  /** @param now milliseconds since 1970 */
  take({ spend, extra, ended }: LeaseRequest, now: number): LeaseAnswer {
    this.#advance(now);
    for (const id of ended) this.#end(id);
    const isGranted = spend <= this.#level;
    let lease: LeaseAnswer["lease"] = null;
    if (isGranted) {
      this.#fullAt = Math.max(this.#fullAt, now) + spend * this.#tokenMs;
      lease = this.#lease(extra);
      if (spend > 0 || lease !== null) this.#write();
    }
    return { quota: this.#quota, isGranted, lease, level: this.#level };
  }

  /** How this quota goes on as another one: what was spent lately stays spent, so that setting it again grants nothing. */
  as(quota: Quota, now: number): StoredQuota {
    this.#advance(now);
    const missing = Math.min(quota.burst, this.#stored.burst - this.#level);
    return {
      ...quota,
      fullAt: now + (missing * 1_000) / quota.perSecond,
      leasedUntil: this.#leased > 0 ? now + LIMITS.QUOTA_LEASE_MS : 0,
    };
  }

  /** Whether a bucket that is made of what is stored would have less in it. @param now milliseconds since 1970 */
  isAhead(now: number): boolean {
    return Math.max(this.#written.fullAt, this.#written.leasedUntil) > now;
  }

  get #quota(): Quota {
    const { perSecond, burst } = this.#stored;
    return { perSecond, burst };
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
    const tokens = Math.min(extra, free, Math.floor(this.#level * LEASE_SHARE));
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

  /** Time has passed: the bucket has filled up, next to the leases of each moment, and leases have expired. */
  #advance(now: number): void {
    if (now < this.#now) {
      // The clock was set back. How long ago that was is unknown, so no time has passed.
      const by = now - this.#now;
      this.#fullAt += by;
      for (const lease of this.#leases.values()) lease.until += by;
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

  /** Before anything is granted. The row is ahead of what it stands for. */
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
