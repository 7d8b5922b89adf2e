/**
 * Objects that workerd holds awake for whoever has registered nothing: it opens a database for each that is asked anything, three
 * descriptors, and closes it 10 s after it was asked last (measured). So many at a time, and no more, or there would be none left
 * for those whom devices and app servers need. A link counts for as long as it stands, too: its object is woken by its end.
 */
import { getPath } from "hono/utils/url";
import { addressShare } from "../../machine/net/admission/address-share.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { AwakeObjects } from "./awake.ts";
import { ListenedTags } from "./listened-tags.ts";

/** For each connection that there are descriptors for: three of these take three quarters of what links leave to objects without one. */
const SHARE = 0.25;
/** On a host with so few descriptors that it would be next to none. */
const LEAST = 8;
/** What tags that had listeners lately may have beyond that, as a part of it. */
const LISTENED_SHARE = 0.125;
/** So often, at the most, a link has to go for a network that has none: finding whose takes a look at all. */
const SHED_MS = 100;

export interface StrangersOptions {
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Milliseconds that only rise. */
  readonly now: () => number;
}

/** What a request that was let in may have woken. */
export interface WokenObject {
  /** Nothing counts where nothing was woken. */
  answered(status: number): void;
}

const NONE: WokenObject = { answered() {} };
/** Refusals of the worker that come before it asks an object. */
const ASLEEP = new Set([400, 401, 404, 405, 413, 415, 426]);
const isAsleepAt = (status: number): boolean => ASLEEP.has(status);

/** The object of a link, which counts until it has gone to sleep behind the link's end. */
export interface LinkPlace {
  /** The link is gone, or was none. */
  end(): void;
  /** Its device has a registration: it counts no more. @returns false where it did not */
  free(): boolean;
}

interface StandingLink extends LinkPlace {
  readonly address: string;
  readonly shed: () => void;
}

export class Strangers {
  readonly #now: () => number;
  readonly #most: number;
  /** By what was asked. */
  readonly #awake: AwakeObjects;
  /** Oldest first. */
  readonly #links = new Set<StandingLink>();
  readonly #linksOf = new Map<string, number>();
  /** Beyond the others: whoever makes up tags does not shut out those who listen to real ones. */
  readonly #listened: ListenedTags;
  #made = 0;
  #shedAt = Number.NEGATIVE_INFINITY;

  constructor({ capacity, now }: StrangersOptions) {
    this.#now = now;
    this.#awake = new AwakeObjects(now);
    this.#most = Math.max(LEAST, Math.floor(capacity * SHARE));
    this.#listened = new ListenedTags(Math.ceil(this.#most * LISTENED_SHARE), now);
  }

  /** How many are awake, or will be at the end of their links. */
  get size(): number {
    return this.#awake.size + this.#links.size;
  }

  /**
   * Takes in a request that may wake what it asks for; what a signature or a registration vouches for always may.
   *
   * @returns null where there is no room
   */
  admit(asked: Asked, address: string): WokenObject | null {
    const path = wokenBy(asked);
    if (path === null) return NONE;
    if (path === ACCOUNT) return this.#admitAccount(address);
    if (this.#listened.isAwake(path)) return NONE;
    const wasAwake = this.#awake.has(path);
    if (!wasAwake && !this.#hasRoom(address)) return this.#listened.admits(path) ? NONE : null;
    this.#awake.add(path, address);
    return {
      answered: (status) => {
        if (status < 300) this.#listened.add(path);
        // Where no token was given the tag was asked.
        else if (!wasAwake && status !== 401 && isAsleepAt(status)) this.#awake.remove(path);
      },
    };
  }

  #admitAccount(address: string): WokenObject | null {
    if (!this.#hasRoom(address)) return null;
    const key = `${++this.#made}`;
    this.#awake.add(key, address);
    return {
      answered: (status) => {
        if (isAsleepAt(status)) this.#awake.remove(key);
      },
    };
  }

  /**
   * Takes in a link whose device has registered nothing.
   *
   * @param shed ends it, for want of room
   * @returns null where it has none
   */
  admitLink(address: string, shed: () => void): LinkPlace | null {
    return this.#hasRoom(address) ? this.countLink(address, shed) : null;
  }

  /** Counts one that was let in. */
  countLink(address: string, shed: () => void): LinkPlace {
    const free = () => {
      if (!this.#links.delete(link)) return false;
      this.#count(address, -1);
      return true;
    };
    const end = () => {
      // Of those that were let in whatever there was, more need not be remembered.
      if (free() && this.size < this.#most) this.#awake.add(`${++this.#made}`, address);
    };
    const link: StandingLink = { address, shed, free, end };
    this.#links.add(link);
    this.#count(address, 1);
    return link;
  }

  /**
   * A network has its share, and no more than that part of what is free: the more is taken, the less anybody may take, so that one
   * comes in although a few others take all they can get. Where nothing is left, whoever holds most gives way to it.
   */
  #hasRoom(address: string): boolean {
    const free = this.#most - this.size;
    const held = this.#countOf(address);
    if (held === 0) return free > 0 || this.#shedOne();
    const part = addressShare(address);
    if (held >= Math.floor(this.#most * part)) return false;
    return held + 1 <= (free * part) / (1 - part);
  }

  /** @returns false: its object is awake for a while yet */
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

/** Whether a request is for the link of a device. */
export const isConnect = ({ method, target }: Asked): boolean =>
  method === "GET" && pathOf(target) === "/v1/connect";

/** Each account is another object. */
const ACCOUNT = "account";
const LIVE = /^\/v1\/apps\/[^/]+\/tags\/[^/]+\/live$/;

/** What object an unsigned request wakes; null for none, or for one that something vouches for. */
function wokenBy({ method, target }: Asked): string | null {
  const path = pathOf(target);
  if (method === "POST") return path === "/v1/devices" ? ACCOUNT : null;
  if ((method !== "GET" && method !== "HEAD") || !LIVE.test(path)) return null;
  // As it was written: of a decoded one, two tags' could be the same.
  return target.split("?", 1)[0] as string;
}

/** As the worker's router reads it, for which `/v1/%64evices` is `/v1/devices`. workerd leaves `//`, `..` and the like as they are. */
const pathOf = (target: string): string => getPath({ url: `http://mesh${target}` } as Request);
