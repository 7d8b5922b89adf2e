/**
 * Who may hold a connection where there are not enough for all. Connections are shed by standing: those that end
 * anyway, then those on which nothing was ever asked, then those that wait between requests, then sockets of guests, then requests for
 * which nothing vouches. Only networks that hold much are looked at while they have any: else one that keeps its connections busy
 * would have those go that others have just opened. A device in good standing and a signed request are shed
 * for nobody, and whoever is no such device counts against the share of its address.
 */

import { isLoopback, networkOf } from "./address.ts";
import { Ranking } from "./ranking.ts";

/** Those that may be shed, in that order. */
const SHED = ["closing", "silent", "idle", "guest", "asking"] as const;
const STANDINGS = [...SHED, "busy", "device"] as const;
/**
 * - `closing`: ends within a second
 * - `silent`: no request has come whole
 * - `idle`: between two requests, or one for which nothing vouches is being answered while more have come already
 * - `guest`: a WebSocket or an event stream whose device has no registration
 * - `asking`: a request is being answered for which nothing vouches
 * - `busy`: a request is being answered that a known key has signed
 * - `device`: the link of a device with a registration
 */
export type ConnectionStanding = (typeof STANDINGS)[number];
/** Those that are shed for a newcomer of their own network, too. */
const OWN = ["closing", "silent", "idle", "guest"] as const;
/** A network that holds less than this part of what the largest holds is not looked at. */
const LARGE_SHARE = 0.5;

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

/** Whose connections count together. */
interface Network {
  readonly address: string;
  /** What those weigh that count against its share. */
  count: number;
  /** Connections in all. */
  size: number;
  /** How many of them have each standing. */
  readonly of: Record<ConnectionStanding, number>;
}

/** One connection, as admission sees it. */
export class Entry {
  /** Descriptors that it takes, each of which counts as a connection: set by admission. */
  weight = 1;
  /** For which it counts: set by admission. */
  network: Network;
  /** Ends the connection, for want of room. */
  onShed: () => void = () => {};
  /** Whether its device has a registration by now: asked only where it would be shed. */
  isDevice: () => boolean = () => false;
  readonly #admission: Admission;
  #standing: ConnectionStanding = "silent";
  #deadline = Number.POSITIVE_INFINITY;
  #onExpire: () => void = () => {};
  readonly #destroy: () => void;

  /** @param destroy frees the descriptor at once */
  constructor(admission: Admission, network: Network, destroy: () => void) {
    this.#admission = admission;
    this.network = network;
    this.#destroy = destroy;
    this.onShed = destroy;
  }

  /** The network that it counts for. */
  get address(): string {
    return this.network.address;
  }

  /**
   * Counts for another address from now on: a proxy's connection for the client of its request.
   *
   * @returns false where that address is over its share, and holds nothing that could go for it
   */
  belongTo(client: string): boolean {
    const address = networkOf(client);
    if (address === this.address) return true;
    if (!this.#admission.makeShare(address)) return false;
    this.#admission.changeAddress(this, address);
    return true;
  }

  get standing(): ConnectionStanding {
    return this.#standing;
  }

  /** It has another standing, and no deadline. */
  become(standing: ConnectionStanding): void {
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

  /**
   * It takes so many descriptors more from now on; others may have to go for them.
   *
   * @returns false where it has no room, and has to be closed
   */
  widen(by: number): boolean {
    return this.#admission.widen(this, by);
  }

  /** Has a guest go for it. @returns false where there is none */
  makeRoom(): boolean {
    return this.#admission.shedGuest();
  }

  /** Has any other connection go that may be shed for it. @returns false where there is none */
  displace(): boolean {
    return this.#admission.shedFor(this);
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
  readonly #byStanding = new Map<ConnectionStanding, Set<Entry>>(
    STANDINGS.map((each) => [each, new Set()]),
  );
  readonly #networks = new Map<string, Network>();
  /** Those that have a connection of a standing that is shed, by what they hold in all: looked at for each newcomer to a full mesh. */
  readonly #ranked = new Map<ConnectionStanding, Ranking<Network>>(
    SHED.map((each) => [each, new Ranking()]),
  );
  #size = 0;
  readonly #onRefuse: (kind: string) => void;

  constructor({ capacity, now, onRefuse = () => {} }: AdmissionOptions) {
    this.#capacity = capacity;
    this.now = now;
    this.#onRefuse = onRefuse;
  }

  /** What all connections weigh. */
  get size(): number {
    return this.#size;
  }

  /** Those that are shed for nobody. */
  get firm(): number {
    return this.#of("busy").size + this.#of("device").size;
  }

  /**
   * Takes a connection in; another may have to go for it.
   *
   * @returns null where it has no room
   */
  admit(peer: string, destroy: () => void): Entry | null {
    const address = networkOf(peer);
    if (!this.makeShare(address)) return null;
    if (this.#size >= this.#capacity && !this.#shedOne(address, null))
      return this.#refuse("connections without room");
    const entry = new Entry(this, this.#join(address), destroy);
    this.#size++;
    this.#of(entry.standing).add(entry);
    this.#count(entry.network, entry.standing, 1, 1);
    return entry;
  }

  /** Each descriptor is let in as a connection is. @returns false where there is no room for all of them */
  widen(entry: Entry, by: number): boolean {
    for (let i = 0; i < by; i++) {
      if (!this.#of(entry.standing).has(entry) || !this.makeShare(entry.address, entry))
        return false;
      if (this.#size >= this.#capacity && !this.#shedOne(entry.address, entry))
        return this.#refuse("connections without room") !== null;
      entry.weight++;
      this.#size++;
      this.#count(entry.network, entry.standing, 0, counts(entry.standing));
    }
    return true;
  }

  /**
   * Has one of an address that is over its share go.
   *
   * @param except is not shed
   * @returns false where there is none that could
   */
  makeShare(address: string, except: Entry | null = null): boolean {
    if (this.#hasShare(address) || this.#shedOwn(address, except)) return true;
    this.#refuse("connections over an address's share");
    return false;
  }

  changeAddress(entry: Entry, to: string): void {
    if (!this.#of(entry.standing).has(entry)) return;
    this.#count(entry.network, entry.standing, -1, -weightOf(entry));
    this.#leave(entry.network);
    entry.network = this.#join(to);
    this.#count(entry.network, entry.standing, 1, weightOf(entry));
  }

  /** The connection is gone. */
  remove(entry: Entry): void {
    if (!this.#of(entry.standing).delete(entry)) return;
    this.#count(entry.network, entry.standing, -1, -weightOf(entry));
    this.#leave(entry.network);
    this.#size -= entry.weight;
  }

  /** @returns false for a connection that is gone */
  move(entry: Entry, to: ConnectionStanding): boolean {
    const from = entry.standing;
    if (!this.#of(from).delete(entry)) return false;
    this.#of(to).add(entry);
    // Twice a request: nothing is counted again that counts as before.
    const inAll = (counts(to) - counts(from)) * entry.weight;
    this.#count(entry.network, from, -1, 0);
    this.#count(entry.network, to, 1, inAll);
    return true;
  }

  /** Sheds a guest so that a device in good standing has a link. @returns false where there is none */
  shedGuest(): boolean {
    const whose = this.#largest("guest", 0, null);
    return whose !== null && this.#shedOf("guest", whose, null);
  }

  /** Sheds one of the weakest standing. @returns false where there is none */
  shedAny(): boolean {
    return this.#shedOne(NOBODY, null);
  }

  /** Sheds one for a connection that is in. @returns false where there is none */
  shedFor(entry: Entry): boolean {
    return this.#shedOne(entry.address, entry);
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

  #shedOwn(address: string, except: Entry | null): boolean {
    const network = this.#networks.get(address);
    return network !== undefined && OWN.some((standing) => this.#shedOf(standing, network, except));
  }

  /**
   * @param address of the newcomer
   * @param except is not shed
   */
  #shedOne(address: string, except: Entry | null): boolean {
    const held = this.#countOf(address);
    const most = Math.max(...SHED.map((each) => this.#most(each, except)));
    return SHED.some((standing) => {
      const whose = this.#largest(standing, most * LARGE_SHARE, except);
      if (whose === null || !yields(standing, whose, held)) return false;
      return this.#shedOf(standing, whose, except);
    });
  }

  /** What the network holds that holds most. */
  #most(standing: (typeof SHED)[number], except: Entry | null): number {
    const largest = this.#largest(standing, 0, except);
    return largest === null ? 0 : countOf(largest);
  }

  /** Sheds the oldest of a network. */
  #shedOf(standing: (typeof SHED)[number], whose: Network, except: Entry | null): boolean {
    for (const entry of this.#of(standing)) {
      if (entry.network !== whose || entry === except) continue;
      if (standing === "guest" && entry.isDevice()) {
        entry.become("device");
        continue;
      }
      this.#onRefuse(`${standing} connections shed`);
      entry.onShed();
      // Not again for the next one, which may be accepted before this is told to be gone.
      if (entry.standing === standing) this.remove(entry);
      return true;
    }
    return false;
  }

  /** The network that holds most; null where none holds so many. */
  #largest(standing: (typeof SHED)[number], least: number, except: Entry | null): Network | null {
    const isLast = except?.standing === standing && except.network.of[standing] === 1;
    const skipped = isLast ? except.network : null;
    const largest = this.#ranked.get(standing)?.largest(skipped) ?? null;
    if (largest === null || countOf(largest) >= least) return largest;
    const nobody = this.#networks.get(NOBODY);
    return nobody === undefined || nobody === skipped || nobody.of[standing] === 0 ? null : nobody;
  }

  /** A network has a connection more or less of a standing, and what it holds in all changes by so many. */
  #count(network: Network, standing: ConnectionStanding, ofStanding: number, inAll: number): void {
    const changed: readonly ConnectionStanding[] = inAll === 0 ? [standing] : SHED;
    for (const each of changed)
      if (network.of[each] > 0) this.#ranked.get(each)?.remove(network, countOf(network));
    network.of[standing] += ofStanding;
    network.count += inAll;
    for (const each of changed)
      if (network.of[each] > 0) this.#ranked.get(each)?.add(network, countOf(network));
  }

  #hasShare(address: string): boolean {
    return address === NOBODY || this.#countOf(address) < this.#shareOf(address);
  }

  #shareOf(address: string): number {
    return Math.max(ADDRESS_LEAST, Math.floor(this.#capacity * addressShare(address)));
  }

  #countOf(address: string): number {
    const network = this.#networks.get(address);
    return network === undefined ? 0 : countOf(network);
  }

  #of(standing: ConnectionStanding): Set<Entry> {
    return this.#byStanding.get(standing) as Set<Entry>;
  }

  #join(address: string): Network {
    const network = this.#networks.get(address) ?? { address, count: 0, size: 0, of: none() };
    network.size++;
    this.#networks.set(address, network);
    return network;
  }

  #leave(network: Network): void {
    network.size--;
    if (network.size === 0) this.#networks.delete(network.address);
  }
}

const none = (): Record<ConnectionStanding, number> => ({
  closing: 0,
  silent: 0,
  idle: 0,
  guest: 0,
  asking: 0,
  busy: 0,
  device: 0,
});

/** Whether it counts against the share of its network: 1 or 0. */
const counts = (standing: ConnectionStanding): number => (standing === "device" ? 0 : 1);
const weightOf = ({ standing, weight }: Entry): number => counts(standing) * weight;

/** A proxy's own connections are many clients': they go last. */
const countOf = ({ address, count }: Network): number => (address === NOBODY ? 0 : count);

/**
 * A request under way is worth as much as any that comes. It gives way only where that evens out what networks hold: otherwise
 * more of them than can be answered would end each other, and none would be.
 *
 * @param held of the newcomer's network
 */
const yields = (standing: ConnectionStanding, network: Network, held: number): boolean =>
  standing !== "asking" || countOf(network) > held + 1;
