/**
 * Decides who keeps a connection when there are too few for everyone. Connections are shed by standing (networks.ts), and within a
 * standing from large networks first: otherwise a network that keeps its connections busy would displace those that others have just
 * opened. Links of registered devices and signed requests are never shed; everything else counts against the share of its address.
 */
import { networkOf } from "../../../../worker/request/network.ts";
import { ADDRESS_MIN_COUNT, connectionsOf, NOBODY } from "./address-share.ts";
import {
  type ConnectionStanding,
  type Network,
  Networks,
  networkCount,
  SHED,
  type ShedStanding,
  STANDINGS,
} from "./networks.ts";

/** How late a timeout may be: the hosts sweep this often. */
export const SWEEP_MS = 250;

/**
 * Once so much of what devices leave free is taken by signed requests, which are never shed, one app may have only its share of it: a key
 * whose sends all wait for acknowledgements would otherwise keep every newcomer out.
 */
const SIGNED_SHARE = 3 / 4;
const APP_SHARE = 1 / 4;

/** Standings that are also shed for a newcomer of their own network. */
const OWN = ["closing", "silent", "idle", "guest"] as const;
/** Networks below this fraction of the largest one's count are not shed. */
const LARGE_SHARE = 0.5;
const CLOSING_MS = 750;

interface AdmissionOptions {
  /** Connections that the process has descriptors for. */
  readonly capacity: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called for each connection that is refused or shed, with the reason. */
  readonly onRefuse?: (kind: string) => void;
}

/** One connection. */
export class Entry {
  /** Descriptors that it uses, each of which counts as a connection: set by admission. */
  weight = 1;
  /** Which it counts for: set by admission. */
  network: Network;
  /** Whose key signed the request that makes it `busy`. */
  app = "";
  /** Ends the connection to make room. */
  onShed: () => void = () => {};
  /** Whether its device is registered by now: asked only before it would be shed. */
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

  get address(): string {
    return this.network.address;
  }

  /**
   * Counts for another address from now on: a proxy's connection for the client of its request.
   *
   * @returns false if that address is over its share and has nothing to shed
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

  /** Changes the standing and clears the deadline. */
  become(standing: ConnectionStanding): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    if (this.#admission.move(this, standing)) this.#standing = standing;
  }

  /** To be called before it becomes `busy`, with the app that signed the request. @returns false if that app is over its share */
  mayWorkFor(app: string): boolean {
    if (this.#standing === "busy") return true;
    this.app = app;
    return this.#admission.mayWorkFor(app);
  }

  expireIn(ms: number, onExpire: () => void): void {
    this.#deadline = this.#admission.now() + ms;
    this.#onExpire = onExpire;
  }

  /** Everything has been written: gives the client a moment to read it, then ends the connection. */
  closing(): void {
    if (this.#standing === "closing") return;
    this.become("closing");
    this.onShed = this.#destroy;
    this.expireIn(CLOSING_MS, this.#destroy);
  }

  /**
   * Uses more descriptors from now on; others may be shed for them.
   *
   * @returns false if there is no room: the caller has to close the connection
   */
  widen(by: number): boolean {
    return this.#admission.widen(this, by);
  }

  /** Sheds a guest to make room for this connection. @returns false if there is none */
  makeRoom(): boolean {
    return this.#admission.shedGuest();
  }

  /** Sheds any other connection to make room for this one. @returns false if none may be shed */
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
  readonly #networks = new Networks();
  /** `busy` connections by app. */
  readonly #busyByApp = new Map<string, number>();
  #size = 0;
  readonly #onRefuse: (kind: string) => void;

  constructor({ capacity, now, onRefuse = () => {} }: AdmissionOptions) {
    this.#capacity = capacity;
    this.now = now;
    this.#onRefuse = onRefuse;
  }

  /** Total weight of all connections. */
  get size(): number {
    return this.#size;
  }

  /** Number of connections that are never shed. */
  get firm(): number {
    return this.#of("busy").size + this.#of("device").size;
  }

  /**
   * Admits a connection; another may be shed for it.
   *
   * @returns null if there is no room
   */
  admit(peer: string, destroy: () => void): Entry | null {
    const address = networkOf(peer);
    if (!this.makeShare(address)) return null;
    if (this.#size >= this.#capacity && !this.#shedOne(address, null))
      return this.#refuse("connections without room");
    const entry = new Entry(this, this.#networks.join(address), destroy);
    this.#size++;
    this.#of(entry.standing).add(entry);
    this.#networks.add(entry.network, entry.standing, 1, 1);
    return entry;
  }

  /** Admits each descriptor like a connection. @returns false if there is no room for all of them */
  widen(entry: Entry, by: number): boolean {
    for (let i = 0; i < by; i++) {
      if (!this.#of(entry.standing).has(entry) || !this.makeShare(entry.address, entry))
        return false;
      if (this.#size >= this.#capacity && !this.#shedOne(entry.address, entry))
        return this.#refuse("connections without room") !== null;
      entry.weight++;
      this.#size++;
      this.#networks.add(entry.network, entry.standing, 0, counts(entry.standing));
    }
    return true;
  }

  /**
   * Keeps an address within its share by shedding one of its own connections if necessary.
   *
   * @param except is not shed
   * @returns false if it is over its share and has nothing to shed
   */
  makeShare(address: string, except: Entry | null = null): boolean {
    if (this.#hasShare(address) || this.#shedOwn(address, except)) return true;
    this.#refuse("connections over an address's share");
    return false;
  }

  /** Whether one more request that this app signed may hold a connection. */
  mayWorkFor(app: string): boolean {
    const room = this.#capacity - this.#of("device").size;
    const isFree = this.#of("busy").size < room * SIGNED_SHARE;
    const share = Math.max(ADDRESS_MIN_COUNT, Math.floor(room * APP_SHARE));
    return isFree || (this.#busyByApp.get(app) ?? 0) < share;
  }

  changeAddress(entry: Entry, to: string): void {
    if (!this.#of(entry.standing).has(entry)) return;
    this.#networks.add(entry.network, entry.standing, -1, -weightOf(entry));
    this.#networks.leave(entry.network);
    entry.network = this.#networks.join(to);
    this.#networks.add(entry.network, entry.standing, 1, weightOf(entry));
  }

  /** To be called when the connection is closed. */
  remove(entry: Entry): void {
    if (!this.#of(entry.standing).delete(entry)) return;
    if (entry.standing === "busy") this.#countBusy(entry.app, -1);
    this.#networks.add(entry.network, entry.standing, -1, -weightOf(entry));
    this.#networks.leave(entry.network);
    this.#size -= entry.weight;
  }

  /** @returns false if the connection was removed */
  move(entry: Entry, to: ConnectionStanding): boolean {
    const from = entry.standing;
    if (!this.#of(from).delete(entry)) return false;
    this.#of(to).add(entry);
    if (from !== to && from === "busy") this.#countBusy(entry.app, -1);
    if (from !== to && to === "busy") this.#countBusy(entry.app, 1);
    // Runs twice per request: the count of the network is left alone unless it changes.
    const weight = (counts(to) - counts(from)) * entry.weight;
    this.#networks.add(entry.network, from, -1, 0);
    this.#networks.add(entry.network, to, 1, weight);
    return true;
  }

  /** Sheds a guest to make room for a registered device. @returns false if there is none */
  shedGuest(): boolean {
    const network = this.#networks.largest("guest", 0, null);
    return network !== null && this.#shedOf("guest", network, null);
  }

  /** Sheds a connection of the weakest standing. @returns false if there is none */
  shedAny(): boolean {
    return this.#shedOne(NOBODY, null);
  }

  /** Sheds a connection for one that is already admitted. @returns false if none may be shed */
  shedFor(entry: Entry): boolean {
    return this.#shedOne(entry.address, entry);
  }

  /** Ends connections whose deadline has passed: to be called every `SWEEP_MS`. */
  sweep(): void {
    const now = this.now();
    for (const standing of ["silent", "idle", "closing"] as const) {
      for (const entry of [...this.#of(standing)]) entry.expire(now);
    }
  }

  /** Ends all connections that wait for a request. */
  closeIdle(): void {
    for (const standing of ["silent", "idle"] as const) {
      for (const entry of [...this.#of(standing)]) entry.onShed();
    }
  }

  #countBusy(app: string, by: number): void {
    const count = (this.#busyByApp.get(app) ?? 0) + by;
    if (count > 0) this.#busyByApp.set(app, count);
    else this.#busyByApp.delete(app);
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
    const held = this.#networks.countAt(address);
    const most = Math.max(...SHED.map((each) => this.#mostOf(each, except)));
    return SHED.some((standing) => {
      const network = this.#largest(standing, most * LARGE_SHARE, except);
      if (network === null || !yields(standing, network, held)) return false;
      return this.#shedOf(standing, network, except);
    });
  }

  /** The count of the largest network with this standing. */
  #mostOf(standing: ShedStanding, except: Entry | null): number {
    const largest = this.#largest(standing, 0, except);
    return largest === null ? 0 : networkCount(largest);
  }

  #largest(standing: ShedStanding, minCount: number, except: Entry | null): Network | null {
    const isLast = except?.standing === standing && except.network.byStanding[standing] === 1;
    return this.#networks.largest(standing, minCount, isLast ? except.network : null);
  }

  /** Sheds the network's oldest connection of a standing. */
  #shedOf(standing: ShedStanding, network: Network, except: Entry | null): boolean {
    for (const entry of this.#of(standing)) {
      if (entry.network !== network || entry === except) continue;
      if (standing === "guest" && entry.isDevice()) {
        entry.become("device");
        continue;
      }
      this.#onRefuse(`${standing} connections shed`);
      entry.onShed();
      // Removed now, so that the next newcomer, which may come before the close event, does not shed it again.
      if (entry.standing === standing) this.remove(entry);
      return true;
    }
    return false;
  }

  #hasShare(address: string): boolean {
    if (address === NOBODY) return true;
    return this.#networks.countAt(address) < connectionsOf(address, this.#capacity);
  }

  #of(standing: ConnectionStanding): Set<Entry> {
    return this.#byStanding.get(standing) as Set<Entry>;
  }
}

/** 1 if the standing counts against the share of its network, else 0. */
const counts = (standing: ConnectionStanding): number => (standing === "device" ? 0 : 1);
const weightOf = ({ standing, weight }: Entry): number => counts(standing) * weight;

/**
 * A request being answered is worth as much as a new one, so it is shed only if that evens out what networks hold. Otherwise, with more
 * requests than can be answered, they would end each other and none would be answered.
 *
 * @param held count of the newcomer's network
 */
const yields = (standing: ConnectionStanding, network: Network, held: number): boolean =>
  standing !== "asking" || networkCount(network) > held + 1;
