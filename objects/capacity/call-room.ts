/**
 * Room for objects that are woken, where a process has descriptors for so many only: each has a database open, three
 * descriptors, until 10 s after it was asked last (measured, workerd). There is one room for what devices wake by joining tags and setting aliases:
 * one may be in 2,000 tags, and four of them took all descriptors of a process that had 1,024. There is another for what signed requests wake, and
 * fan-outs: sends to 200 devices without a link took all of 300. So neither holds up the other, nor links.
 */
import { MeshError } from "../../schema/errors.ts";
import { countOf } from "../count.ts";
import { AWAKE_MS } from "./awake.ts";
import { links, listeners } from "./links.ts";
import { OwnerShares } from "./owner-shares.ts";
import { steadyClock } from "./steady-clock.ts";

/** Of the links that there is room for yet: all of them may come while these are awake. */
export const SHARE = 1 / 3;
export const LEAST = 8;
/**
 * So many that are new come at once, so often, where that is fewer: workerd makes each a database, and with 47 in one go sends
 * stood for 2 s.
 */
const BURST = 8;
const BURST_MS = 1_000;
/** Of the room of one owner: what turned out to be nothing, and what may turn out so only where that is less. */
const VAIN_SHARE = 1 / 4;
/** Whoever waits looks again no sooner. */
const LOOK_MS = 50;

export interface CallRoomOptions {
  /** Links that there is room for yet. */
  readonly freeLinks: () => number;
  /** Whether the objects are new, as far as is known. */
  readonly areNew: boolean;
  /** Why one is refused. */
  readonly full: string;
  /** Whether an object has a link, which has its own room. */
  readonly isLinked: (name: string) => boolean;
  /** Milliseconds since 1970; may be set back and forth. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Asking {
  /** Whose request it is, by which the room is shared; absent where it is one owner's. */
  readonly owner?: string;
  /** Whether there may be no such thing as is asked for: any number of them could be made up. */
  readonly isGuess?: boolean;
}

interface Place extends Asking {
  /** Until when it counts. */
  readonly until: number;
}

export class CallRoom {
  readonly #options: CallRoomOptions;
  readonly #now: () => number;
  /** By name. Those that go first are first. */
  readonly #awake = new Map<string, Place>();
  readonly #shares = new OwnerShares(AWAKE_MS);
  /** By owner, of those that are awake, what turned out to be nothing. */
  readonly #vain = new Map<string, Set<string>>();
  /** Those that were let in since then. */
  #burst = 0;
  #burstAt = Number.NEGATIVE_INFINITY;

  constructor(options: CallRoomOptions) {
    this.#options = options;
    this.#now = steadyClock(options.now);
  }

  /**
   * Waits until an object may be asked. Each waits by its own timer: in workerd an object must not wait for another's promise.
   *
   * @throws MeshError `overloaded` where there is no room for so long
   */
  async enter(name: string, patienceMs: number, asking: Asking = {}): Promise<void> {
    const { sleep, full, isLinked } = this.#options;
    if (isLinked(name)) return;
    const { owner } = asking;
    if (owner !== undefined && !this.#isAwake(name)) this.#shares.asks(owner, this.#now());
    // Not by the clock, which may be set meanwhile.
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

  /**
   * Lets an object be asked that may as well not be: only where that leaves half of the room to those who wait for it.
   *
   * @returns false where it is not to be asked
   */
  admits(name: string): boolean {
    if (this.#options.isLinked(name)) return true;
    if (!this.#isAwake(name) && this.#awake.size + 1 > this.#most / 2) return false;
    return this.#take(name, this.#now(), {}) === 0;
  }

  /** There is nothing of the name: its object is awake for as long all the same. */
  wasVain(name: string): void {
    const owner = this.#awake.get(name)?.owner;
    if (owner === undefined) return;
    const vain = this.#vain.get(owner) ?? new Set();
    this.#vain.set(owner, vain.add(name));
  }

  /** @returns 0 where it was let in, or when there may be room */
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
    return Math.max(LEAST, Math.floor(this.#options.freeLinks() * SHARE));
  }

  /** 0 where there is room for one more. */
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
    // Twice as fast as they go to sleep.
    if (this.#burst < Math.max(BURST, (2 * most * BURST_MS) / AWAKE_MS)) return 0;
    return this.#burstAt + BURST_MS - now;
  }

  #hasShare(most: number, now: number, { owner, isGuess = false }: Asking): boolean {
    if (owner === undefined) return true;
    if (isGuess && (this.#vain.get(owner)?.size ?? 0) >= most * VAIN_SHARE) return false;
    // Fan-outs are nobody's.
    const shared = most - (this.#awake.size - this.#shares.held);
    return this.#shares.mayHold(owner, shared, now);
  }
}

/** What is different from room to room. */
const ROOMS = {
  /** For what devices call. */
  calls: { areNew: true, full: "too many tags are being joined", isLinked: () => false },
  /** For what signed requests and fan-outs call. */
  wakes: {
    areNew: false,
    full: "too many objects that sleep are being asked",
    isLinked: (name: string) => links.has(name),
  },
} as const;

/** Of this process. */
const rooms = new Map<keyof typeof ROOMS, CallRoom>();

function roomOf(kind: keyof typeof ROOMS, setting: string | undefined): CallRoom | null {
  const maxLinks = countOf(setting);
  if (maxLinks === undefined) return null;
  let room = rooms.get(kind);
  if (room === undefined) {
    room = new CallRoom({
      ...ROOMS[kind],
      freeLinks: () => maxLinks - links.size - listeners.size,
      now: () => Date.now(),
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    });
    rooms.set(kind, room);
  }
  return room;
}

/**
 * For what devices call.
 *
 * @param setting MAX_LINKS; undefined where the platform bounds what is awake
 */
export const callRoomOf = (setting: string | undefined): CallRoom | null =>
  roomOf("calls", setting);

/** For what signed requests and fan-outs call. @param setting as of `callRoomOf` */
export const wakeRoomOf = (setting: string | undefined): CallRoom | null =>
  roomOf("wakes", setting);
