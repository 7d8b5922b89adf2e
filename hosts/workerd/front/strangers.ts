/**
 * Limits the objects that are awake for clients without a registration. workerd opens a database, which takes three descriptors, for each
 * object that is called, and closes it 10 s after the last call (measured); without a limit, none would be left for devices and app
 * servers. An open link counts as well, because its end wakes its object.
 */
import { routePath } from "../../../worker/request/route-path.ts";
import { addressShare } from "../../machine/net/admission/address-share.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { AwakeObjects } from "./awake.ts";
import { ListenedTags } from "./listened-tags.ts";

/** Maximum number of objects per connection of the capacity: with three descriptors each, they take three quarters of what links leave. */
const SHARE = 0.25;
/** Minimum, for a host with few descriptors. */
const MIN_COUNT = 8;
/** Additional share for tags that had listeners recently. */
const LISTENED_SHARE = 0.125;
/** Minimum time between two links shed for networks that have none: choosing one scans all links. */
const SHED_MS = 100;

interface StrangersOptions {
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The object that an admitted request may have woken. */
export interface WokenObject {
  /** To be called with the status of the answer: some show that nothing was woken. */
  answered(status: number): void;
  /** To be called instead if the request was not passed on. */
  spared(): void;
}

/** The request wakes nothing for a stranger. */
export const NOTHING_WOKEN: WokenObject = { answered() {}, spared() {} };
/** Statuses that the worker answers without calling an object. */
const ASLEEP = new Set([400, 401, 404, 405, 413, 415, 426]);
const isAsleepAt = (status: number): boolean => ASLEEP.has(status);

/** The place of a link's object, which counts until it falls asleep after the link has ended. */
export interface LinkPlace {
  /** To be called when the link has ended, or was never opened. */
  end(): void;
  /** To be called when its device registers: it no longer counts. @returns false if it did not count before */
  free(): boolean;
}

interface StandingLink extends LinkPlace {
  readonly address: string;
  readonly shed: () => void;
}

export class Strangers {
  readonly #now: () => number;
  readonly #most: number;
  /** By path. */
  readonly #awake: AwakeObjects;
  /** Oldest first. */
  readonly #links = new Set<StandingLink>();
  readonly #linksOf = new Map<string, number>();
  /** Counted separately, so that made-up tags do not lock out listeners of real ones. */
  readonly #listened: ListenedTags;
  #made = 0;
  #shedAt = Number.NEGATIVE_INFINITY;

  constructor({ capacity, now }: StrangersOptions) {
    this.#now = now;
    this.#awake = new AwakeObjects(now);
    this.#most = Math.max(MIN_COUNT, Math.floor(capacity * SHARE));
    this.#listened = new ListenedTags(Math.ceil(this.#most * LISTENED_SHARE), now);
  }

  /** Number of objects that are awake, or will be when their links end. */
  get size(): number {
    return this.#awake.size + this.#links.size;
  }

  /**
   * Admits a request that may wake an object. Requests with a signature or of a registered device are always admitted.
   *
   * @returns null if there is no room
   */
  admit(asked: Asked, address: string): WokenObject | null {
    const path = wokenBy(asked);
    if (path === null) return NOTHING_WOKEN;
    if (path === ACCOUNT) return this.#admitAccount(address);
    if (this.#listened.isAwake(path)) return NOTHING_WOKEN;
    const wasAwake = this.#awake.has(path);
    if (!wasAwake && !this.#hasRoom(address))
      return this.#listened.admits(path) ? NOTHING_WOKEN : null;
    const remove = this.#awake.add(path, address);
    return {
      spared() {
        if (!wasAwake) remove();
      },
      answered: (status) => {
        if (status < 300) this.#listened.add(path);
        // A 401 may come from the tag: without a token, its object is asked.
        else if (!wasAwake && status !== 401 && isAsleepAt(status)) this.#awake.remove(path);
      },
    };
  }

  #admitAccount(address: string): WokenObject | null {
    if (!this.#hasRoom(address)) return null;
    const key = `${++this.#made}`;
    const spared = this.#awake.add(key, address);
    return {
      spared,
      answered: (status) => {
        if (isAsleepAt(status)) spared();
      },
    };
  }

  /**
   * Admits a link of an unregistered device.
   *
   * @param shed ends the link to make room
   * @returns null if there is no room
   */
  admitLink(address: string, shed: () => void): LinkPlace | null {
    return this.#hasRoom(address) ? this.countLink(address, shed) : null;
  }

  /** Counts a link that was admitted. */
  countLink(address: string, shed: () => void): LinkPlace {
    const free = () => {
      if (!this.#links.delete(link)) return false;
      this.#count(address, -1);
      return true;
    };
    const end = () => {
      // New accounts are admitted beyond the limit, but not counted beyond it.
      if (free() && this.size < this.#most) this.#awake.add(`${++this.#made}`, address);
    };
    const link: StandingLink = { address, shed, free, end };
    this.#links.add(link);
    this.#count(address, 1);
    return link;
  }

  /**
   * A network may use its share of all places, and no more than that share of the free ones: the fewer are left, the less each may take,
   * so that a newcomer finds room although a few others take all they can. If nothing is left, the network that holds most loses a link.
   */
  #hasRoom(address: string): boolean {
    const free = this.#most - this.size;
    const held = this.#countOf(address);
    if (held === 0) return free > 0 || this.#shedOne();
    const part = addressShare(address);
    if (held >= Math.floor(this.#most * part)) return false;
    return held + 1 <= (free * part) / (1 - part);
  }

  /** @returns false, because the object of the shed link stays awake for a while */
  #shedOne(): false {
    const now = this.#now();
    if (now - this.#shedAt < SHED_MS) return false;
    this.#shedAt = now;
    let oldest: StandingLink | null = null;
    for (const link of this.#links) {
      if (oldest === null || this.#countOf(link.address) > this.#countOf(oldest.address))
        oldest = link;
    }
    oldest?.end();
    oldest?.shed();
    return false;
  }

  #countOf(address: string): number {
    return this.#awake.countOf(address) + (this.#linksOf.get(address) ?? 0);
  }

  #count(address: string, by: number): void {
    const count = (this.#linksOf.get(address) ?? 0) + by;
    if (count === 0) this.#linksOf.delete(address);
    else this.#linksOf.set(address, count);
  }
}

type Asked = Pick<RequestHead, "method" | "target">;

/** Whether a request asks for a device's link. */
export const isConnect = ({ method, target }: Asked): boolean =>
  method === "GET" && routePath(target) === "/v1/connect";

/** Every account has its own object. */
const ACCOUNT = "account";
const LIVE = /^\/v1\/apps\/[^/]+\/tags\/[^/]+\/live$/;

/** The object that an unsigned request wakes; null for none, or if the request needs a signature. */
function wokenBy({ method, target }: Asked): string | null {
  const path = routePath(target);
  if (method === "POST") return path === "/v1/devices" ? ACCOUNT : null;
  if ((method !== "GET" && method !== "HEAD") || !LIVE.test(path)) return null;
  // Not decoded: two different tags could decode to the same text.
  return target.split("?", 1)[0] as string;
}
