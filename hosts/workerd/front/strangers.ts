/**
 * Objects that workerd holds awake for whoever has registered nothing: it opens a database for each that is asked anything, three
 * descriptors, and closes it 10 s after it was asked last (measured). So many at a time, and no more, or there would be none left
 * for those whom devices and app servers need.
 */
import { addressShare } from "../../machine/net/admission.ts";
import type { RequestHead } from "../../machine/net/head.ts";

/** How long an object counts from when it was asked: what workerd takes to close it, and the request. */
export const AWAKE_MS = 13_000;
/** For each connection that there are descriptors for: three of these take three quarters of what links leave to objects without one. */
const SHARE = 0.25;
/** On a host with so few descriptors that it would be next to none. */
const LEAST = 8;

export interface StrangersOptions {
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Milliseconds that only rise. */
  readonly now: () => number;
}

interface Woken {
  readonly address: string;
  readonly until: number;
}

export class Strangers {
  readonly #now: () => number;
  readonly #most: number;
  /** By what was asked, those first that go first. */
  readonly #awake = new Map<string, Woken>();
  readonly #counts = new Map<string, number>();
  #links = 0;

  constructor({ capacity, now }: StrangersOptions) {
    this.#now = now;
    this.#most = Math.max(LEAST, Math.floor(capacity * SHARE));
  }

  /** How many are awake. */
  get size(): number {
    this.#forget();
    return this.#awake.size;
  }

  /** Whether a request may wake what it asks for; what a signature or a registration vouches for always may. */
  admits({ method, target }: Pick<RequestHead, "method" | "target">, address: string): boolean {
    const key = wokenBy(method, target);
    if (key === null) return true;
    this.#forget();
    const isAwake = key !== ACCOUNT && this.#awake.has(key);
    const share = Math.max(1, Math.floor(this.#most * addressShare(address)));
    const isFull = this.#awake.size >= this.#most || this.#countOf(address) >= share;
    if (isFull && !isAwake) return false;
    this.#add(key === ACCOUNT ? `${++this.#links}` : key, address);
    return true;
  }

  /** The link of a device that registered nothing has ended: its object stays awake for as long. */
  linkEnded(address: string): void {
    this.#forget();
    // More than that many are let in, for nobody knows beforehand who has registered; and more need not be remembered.
    if (this.#awake.size < this.#most) this.#add(`${++this.#links}`, address);
  }

  #add(key: string, address: string): void {
    this.#remove(key);
    this.#awake.set(key, { address, until: this.#now() + AWAKE_MS });
    this.#counts.set(address, this.#countOf(address) + 1);
  }

  #remove(key: string): void {
    const woken = this.#awake.get(key);
    if (woken === undefined) return;
    this.#awake.delete(key);
    const left = this.#countOf(woken.address) - 1;
    if (left === 0) this.#counts.delete(woken.address);
    else this.#counts.set(woken.address, left);
  }

  #forget(): void {
    for (const [key, { until }] of this.#awake) {
      if (until > this.#now()) return;
      this.#remove(key);
    }
  }

  #countOf(address: string): number {
    return this.#counts.get(address) ?? 0;
  }
}

/** Whether a request is for the link of a device. */
export const isConnect = (target: string): boolean => /^\/v1\/connect\/?(\?|$)/.test(target);

/** Each account is another object. */
const ACCOUNT = "account";

/** What object an unsigned request wakes; null for none, or for one that something vouches for. */
function wokenBy(method: string, target: string): string | null {
  const [path = ""] = target.split("?", 1);
  if (method === "POST" && /^\/v1\/devices\/?$/.test(path)) return ACCOUNT;
  return /^\/v1\/apps\/[^/]+\/tags\/.+\/live\/?$/.test(path) ? path : null;
}
