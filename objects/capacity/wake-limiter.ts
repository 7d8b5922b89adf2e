/**
 * Limits how many objects are woken on a host with a limited number of file descriptors: each takes three for its database, until 10 s after
 * its last call (measured, workerd). One limiter counts what devices wake by joining tags and setting aliases: a device may be in 2,000 tags,
 * and four devices took all descriptors of a process that had 1,024. Another counts what signed requests and fan-outs wake: sends to 200
 * devices without a link took all of 300. So neither delays the other, nor links.
 */
import { MeshError } from "../../schema/errors.ts";
import { countOf } from "../bindings.ts";
import { AWAKE_MS } from "./awake.ts";
import { links, listeners } from "./links.ts";
import { OwnerShares } from "./owner-shares.ts";
import { steadyClock } from "./steady-clock.ts";

/** Part of the free links: all of them may connect while these objects are awake. */
export const SHARE = 1 / 3;
export const MIN_AWAKE = 8;
/**
 * New objects let in at once, if few are allowed anyway: workerd makes a database for each, and 47 in one go held up sends for 2 s.
 */
const BURST = 8;
const BURST_MS = 1_000;
/** Part of all places. An owner with so many wasted ones gets no more for guesses. */
const VAIN_SHARE = 1 / 4;
/** Shortest wait before a caller tries again. */
const LOOK_MS = 50;

export interface WakeLimiterOptions {
  /** How many more links there may be. */
  readonly freeLinks: () => number;
  /** Whether the objects are new, as far as is known. */
  readonly areNew: boolean;
  /** Detail of the refusal. */
  readonly full: string;
  /** Whether an object has a link: it is awake for that, and not counted. */
  readonly isLinked: (name: string) => boolean;
  /** Milliseconds since 1970. The clock may be set forward or back. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Asking {
  /** Whose request it is: places are shared between owners. Absent if all belong to one owner. */
  readonly owner?: string;
  /** Whether the name may be made up: there is no end of names that stand for nothing. */
  readonly isGuess?: boolean;
}

interface Place extends Asking {
  /** Until when it is taken. */
  readonly until: number;
}

export class WakeLimiter {
  readonly #options: WakeLimiterOptions;
  readonly #now: () => number;
  /** By name; the next to fall asleep come first. */
  readonly #awake = new Map<string, Place>();
  readonly #shares = new OwnerShares(AWAKE_MS);
  /** By owner: the awake objects that turned out to be nothing. */
  readonly #vain = new Map<string, Set<string>>();
  /** New objects let in since `#burstAt`. */
  #burst = 0;
  #burstAt = Number.NEGATIVE_INFINITY;

  constructor(options: WakeLimiterOptions) {
    this.#options = options;
    this.#now = steadyClock(options.now);
  }

  /**
   * Waits until an object may be called. Each caller waits with its own timer, because in workerd an object must not wait for another's
   * promise.
   *
   * @throws MeshError `overloaded` if no place becomes free in time
   */
  async enter(name: string, patienceMs: number, asking: Asking = {}): Promise<void> {
    const { sleep, full, isLinked } = this.#options;
    if (isLinked(name)) return;
    const { owner } = asking;
    if (owner !== undefined && !this.#isAwake(name)) this.#shares.asks(owner, this.#now());
    // Counted down rather than read from the clock, which may be set meanwhile.
    let leftMs = patienceMs;
    for (;;) {
      const now = this.#now();
      const waitMs = this.#take(name, now, asking);
      if (waitMs === 0) return;
      if (owner !== undefined) this.#shares.waits(owner, now);
      if (leftMs <= 0) throw new MeshError("overloaded", full, { retryAfterMs: waitMs });
      const ms = Math.min(leftMs, Math.max(waitMs, LOOK_MS));
      leftMs -= ms;
      await sleep(ms);
    }
  }

  /** Whether calls of an object need no place: it is awake for its link. */
  isFree(name: string): boolean {
    return this.#options.isLinked(name);
  }

  /**
   * Lets an optional call through, if that leaves half of all places to callers who have to wait for one.
   *
   * @returns false if the object must not be called
   */
  admits(name: string): boolean {
    if (this.#options.isLinked(name)) return true;
    if (!this.#isAwake(name) && this.#awake.size + 1 > this.#most / 2) return false;
    return this.#take(name, this.#now(), {}) === 0;
  }

  /** The name stands for nothing. Its object is awake for just as long. */
  wasVain(name: string): void {
    const owner = this.#awake.get(name)?.owner;
    if (owner === undefined) return;
    const vain = this.#vain.get(owner) ?? new Set();
    this.#vain.set(owner, vain.add(name));
  }

  /** @returns 0 if a place was taken, or else when one may be free */
  #take(name: string, now: number, asking: Asking): number {
    if (this.#isAwake(name)) this.#leave(name);
    else {
      const waitMs = this.#waitMs(now, asking);
      if (waitMs > 0) return waitMs;
      this.#burst++;
    }
    this.#awake.set(name, { ...asking, until: now + AWAKE_MS });
    if (asking.owner !== undefined) this.#shares.hold(asking.owner, 1);
    return 0;
  }

  #leave(name: string): void {
    const owner = this.#awake.get(name)?.owner;
    this.#awake.delete(name);
    if (owner === undefined) return;
    this.#shares.hold(owner, -1);
    const vain = this.#vain.get(owner);
    if (vain?.delete(name) === true && vain.size === 0) this.#vain.delete(owner);
  }

  #isAwake(name: string): boolean {
    const now = this.#now();
    for (const [each, { until }] of this.#awake) {
      if (until > now) break;
      this.#leave(each);
    }
    return this.#awake.has(name);
  }

  get #most(): number {
    return Math.max(MIN_AWAKE, Math.floor(this.#options.freeLinks() * SHARE));
  }

  /** @returns 0 if one more may be woken */
  #waitMs(now: number, asking: Asking): number {
    const most = this.#most;
    if (this.#awake.size >= most || !this.#hasShare(most, now, asking)) {
      const [first] = this.#awake.values();
      return Math.max(1, (first?.until ?? now) - now);
    }
    if (!this.#options.areNew) return 0;
    if (now - this.#burstAt >= BURST_MS) {
      this.#burstAt = now;
      this.#burst = 0;
    }
    // Twice as fast as objects fall asleep.
    if (this.#burst < Math.max(BURST, (2 * most * BURST_MS) / AWAKE_MS)) return 0;
    return this.#burstAt + BURST_MS - now;
  }

  #hasShare(most: number, now: number, { owner, isGuess = false }: Asking): boolean {
    if (owner === undefined) return true;
    if (isGuess && (this.#vain.get(owner)?.size ?? 0) >= most * VAIN_SHARE) return false;
    // Fan-outs have no owner.
    const shared = most - (this.#awake.size - this.#shares.held);
    return this.#shares.mayHold(owner, shared, now);
  }
}

const KINDS = {
  devices: { areNew: true, full: "too many tags are being joined", isLinked: () => false },
  requests: {
    areNew: false,
    full: "too many objects that sleep are being asked",
    isLinked: (name: string) => links.has(name),
  },
} as const;

/** The limiters of this process. */
const limiters = new Map<keyof typeof KINDS, WakeLimiter>();

type Sleep = WakeLimiterOptions["sleep"];

function limiterOf(
  kind: keyof typeof KINDS,
  setting: string | undefined,
  sleep: Sleep,
): WakeLimiter | null {
  const maxLinks = countOf(setting);
  if (maxLinks === undefined) return null;
  let limiter = limiters.get(kind);
  if (limiter === undefined) {
    const freeLinks = () => maxLinks - links.size - listeners.size;
    limiter = new WakeLimiter({ ...KINDS[kind], freeLinks, now: () => Date.now(), sleep });
    limiters.set(kind, limiter);
  }
  return limiter;
}

/**
 * Limits what devices wake in this process.
 *
 * @param setting MAX_LINKS; undefined if the platform bounds how many objects are awake
 * @param sleep the host's, the same at each call
 */
export const deviceWakes = (setting: string | undefined, sleep: Sleep): WakeLimiter | null =>
  limiterOf("devices", setting, sleep);

/** Limits what signed requests and fan-outs wake in this process. The parameters are those of `deviceWakes`. */
export const requestWakes = (setting: string | undefined, sleep: Sleep): WakeLimiter | null =>
  limiterOf("requests", setting, sleep);
