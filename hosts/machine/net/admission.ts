/**
 * Who may hold a connection where there are not enough for all. Connections are shed by standing: those that end
 * anyway, then those on which nothing was ever asked, then those that wait between requests, then sockets of guests. A device in good standing is shed
 * for nobody, and whoever is not one counts against the share of its address.
 */

import { isLoopback, networkOf } from "./address.ts";

/** In the order in which they are shed; from `busy` on they are not. */
const STANDINGS = ["closing", "silent", "idle", "guest", "busy", "device"] as const;
/**
 * - `closing`: ends within a second
 * - `silent`: no request has come whole
 * - `idle`: between two requests
 * - `guest`: a WebSocket or an event stream whose device has no registration
 * - `busy`: a request is being answered
 * - `device`: the link of a device with a registration
 */
export type Standing = (typeof STANDINGS)[number];

/** Of all connections, what one network (address.ts) may hold that are not of devices in good standing; the least for a small mesh. */
const ADDRESS_SHARE = 0.25;
const ADDRESS_LEAST = 32;
/** A local proxy brings everybody by this address; one in ten stays free of it. */
const LOOPBACK_SHARE = 0.9;
const CLOSING_MS = 750;

/** What a request is told whose address is over its share. */
export const OVER_SHARE = "this address holds as many connections as it may";
/** The address of a trusted proxy's connections while they are no client's: it has no share. */
export const NOBODY = "";

/** What part one address may have of what is for all who are not devices in good standing. */
export const addressShare = (address: string): number =>
  isLoopback(address) ? LOOPBACK_SHARE : ADDRESS_SHARE;

export interface AdmissionOptions {
  /** Connections that the process has descriptors for. */
  readonly capacity: number;
  /** Milliseconds that only rise. */
  readonly now: () => number;
  /** Told of each connection that is refused or shed, and why. */
  readonly onRefuse?: (kind: string) => void;
}

/** One connection, as admission sees it. */
export class Entry {
  #address: string;
  /** Ends the connection, for want of room. */
  onShed: () => void = () => {};
  /** Whether its device has a registration by now: asked only where it would be shed. */
  isDevice: () => boolean = () => false;
  readonly #admission: Admission;
  #standing: Standing = "silent";
  #deadline = Number.POSITIVE_INFINITY;
  #onExpire: () => void = () => {};
  readonly #destroy: () => void;

  /** @param destroy frees the descriptor at once */
  constructor(admission: Admission, address: string, destroy: () => void) {
    this.#admission = admission;
    this.#address = address;
    this.#destroy = destroy;
    this.onShed = destroy;
  }

  /** The network that it counts for. */
  get address(): string {
    return this.#address;
  }

  /**
   * Counts for another address from now on: a proxy's connection for the client of its request.
   *
   * @returns false where that address is over its share, and holds nothing that could go for it
   */
  belongTo(client: string): boolean {
    const address = networkOf(client);
    if (address === this.#address) return true;
    if (!this.#admission.makeShare(address)) return false;
    this.#admission.changeAddress(this, address);
    this.#address = address;
    return true;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** It has another standing, and no deadline. */
  become(standing: Standing): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    if (this.#admission.move(this, standing)) this.#standing = standing;
  }

  expireIn(ms: number, onExpire: () => void): void {
    this.#deadline = this.#admission.now() + ms;
    this.#onExpire = onExpire;
  }

  /** What was to be said is said: the client has a moment to hear it. */
  closing(): void {
    if (this.#standing === "closing") return;
    this.become("closing");
    this.onShed = this.#destroy;
    this.expireIn(CLOSING_MS, this.#destroy);
  }

  /** Has a guest go for it. @returns false where there is none */
  makeRoom(): boolean {
    return this.#admission.shedGuest();
  }

  expire(now: number): void {
    if (now < this.#deadline) return;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#onExpire();
  }
}

export class Admission {
  readonly now: () => number;
  readonly #capacity: number;
  readonly #byStanding = new Map<Standing, Set<Entry>>(STANDINGS.map((each) => [each, new Set()]));
  /** Connections by address that count against its share. */
  readonly #counts = new Map<string, number>();
  #size = 0;
  readonly #onRefuse: (kind: string) => void;

  constructor({ capacity, now, onRefuse = () => {} }: AdmissionOptions) {
    this.#capacity = capacity;
    this.now = now;
    this.#onRefuse = onRefuse;
  }

  /** Connections in all. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a connection in; another may have to go for it.
   *
   * @returns null where it has no room
   */
  admit(peer: string, destroy: () => void): Entry | null {
    const address = networkOf(peer);
    if (!this.makeShare(address)) return null;
    if (this.#size >= this.#capacity && !this.#shedOne(null))
      return this.#refuse("connections without room");
    const entry = new Entry(this, address, destroy);
    this.#size++;
    this.#of(entry.standing).add(entry);
    this.#count(address, 1);
    return entry;
  }

  /** Has one of an address that is over its share go. @returns false where there is none that could */
  makeShare(address: string): boolean {
    if (this.#hasShare(address) || this.#shedOne(address)) return true;
    this.#refuse("connections over an address's share");
    return false;
  }

  changeAddress(entry: Entry, to: string): void {
    if (entry.standing === "device" || !this.#of(entry.standing).has(entry)) return;
    this.#count(entry.address, -1);
    this.#count(to, 1);
  }

  /** The connection is gone. */
  remove(entry: Entry): void {
    if (!this.#of(entry.standing).delete(entry)) return;
    if (entry.standing !== "device") this.#count(entry.address, -1);
    this.#size--;
  }

  /** @returns false for a connection that is gone */
  move(entry: Entry, to: Standing): boolean {
    const from = entry.standing;
    if (!this.#of(from).delete(entry)) return false;
    this.#of(to).add(entry);
    // Twice a request: nothing is counted again that counts as before.
    if ((from === "device") !== (to === "device"))
      this.#count(entry.address, to === "device" ? -1 : 1);
    return true;
  }

  /** Sheds a guest so that a device in good standing has a link. @returns false where there is none */
  shedGuest(): boolean {
    return this.#shedOf("guest", null);
  }

  /** Sheds one of the weakest standing. @returns false where there is none */
  shedAny(): boolean {
    return this.#shedOne(null);
  }

  /** Ends whatever has waited too long: to be called a few times a second. */
  sweep(): void {
    const now = this.now();
    for (const standing of ["silent", "idle", "closing"] as const) {
      for (const entry of [...this.#of(standing)]) entry.expire(now);
    }
  }

  /** Ends all that wait for a request. */
  closeIdle(): void {
    for (const standing of ["silent", "idle"] as const) {
      for (const entry of [...this.#of(standing)]) entry.onShed();
    }
  }

  #refuse(why: string): null {
    this.#onRefuse(why);
    return null;
  }

  /** @param address whose it has to be; null for anybody's */
  #shedOne(address: string | null): boolean {
    return (
      this.#shedOf("closing", address) ||
      this.#shedOf("silent", address) ||
      this.#shedOf("idle", address) ||
      this.#shedOf("guest", address)
    );
  }

  /** The oldest, of the address that holds most where it may be anybody's. */
  #shedOf(standing: "closing" | "silent" | "idle" | "guest", address: string | null): boolean {
    const entries = this.#of(standing);
    if (entries.size === 0) return false;
    const whose = address ?? this.#largest(entries);
    for (const entry of [...entries]) {
      if (entry.address !== whose) continue;
      if (standing === "guest" && entry.isDevice()) {
        entry.become("device");
        continue;
      }
      this.#onRefuse(`${standing} connections shed`);
      entry.onShed();
      return true;
    }
    return false;
  }

  #largest(entries: Iterable<Entry>): string {
    let largest = "";
    let most = -1;
    for (const { address } of entries) {
      // A proxy's own connections are many clients': they go last.
      const count = address === NOBODY ? 0 : this.#countOf(address);
      if (count > most) [largest, most] = [address, count];
    }
    return largest;
  }

  #hasShare(address: string): boolean {
    return address === NOBODY || this.#countOf(address) < this.#shareOf(address);
  }

  #shareOf(address: string): number {
    return Math.max(ADDRESS_LEAST, Math.floor(this.#capacity * addressShare(address)));
  }

  #countOf(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  #of(standing: Standing): Set<Entry> {
    return this.#byStanding.get(standing) as Set<Entry>;
  }

  #count(address: string, by: number): void {
    const count = this.#countOf(address) + by;
    if (count === 0) this.#counts.delete(address);
    else this.#counts.set(address, count);
  }
}
