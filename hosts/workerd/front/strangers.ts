/**
 * Objects that workerd holds awake for whoever has registered nothing: it opens a database for each that is asked anything, three
 * descriptors, and closes it 10 s after it was asked last (measured). So many at a time, and no more, or there would be none left
 * for those whom devices and app servers need. A link counts for as long as it stands, too: its object is woken by its end.
 */
import { getPath } from "hono/utils/url";
import { addressShare } from "../../machine/net/admission.ts";
import type { RequestHead } from "../../machine/net/head.ts";
import { AwakeObjects } from "./awake.ts";

/** For each connection that there are descriptors for: three of these take three quarters of what links leave to objects without one. */
const SHARE = 0.25;
/** On a host with so few descriptors that it would be next to none. */
const LEAST = 8;
/** So often, at the most, a link has to go for a network that has none: finding whose takes a look at all. */
const SHED_MS = 100;

export interface StrangersOptions {
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Milliseconds that only rise. */
  readonly now: () => number;
}

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
  #made = 0;
  #shedAt = Number.NEGATIVE_INFINITY;

  constructor({ capacity, now }: StrangersOptions) {
    this.#now = now;
    this.#awake = new AwakeObjects(now);
    this.#most = Math.max(LEAST, Math.floor(capacity * SHARE));
  }

  /** How many are awake, or will be at the end of their links. */
  get size(): number {
    return this.#awake.size + this.#links.size;
  }

  /** Whether a request may wake what it asks for; what a signature or a registration vouches for always may. */
  admits(asked: Asked, address: string): boolean {
    const key = wokenBy(asked);
    if (key === null) return true;
    const isAwake = key !== ACCOUNT && this.#awake.has(key);
    if (!isAwake && !this.#hasRoom(address)) return false;
    this.#awake.add(key === ACCOUNT ? `${++this.#made}` : key, address);
    return true;
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
