/** How many connections each network (worker/request/network.ts) holds, and which network holds the most. */
import { NOBODY } from "./address-share.ts";
import { Ranking } from "./ranking.ts";

/** Standings that are shed, in this order. */
export const SHED = ["closing", "silent", "idle", "guest", "asking"] as const;
export const STANDINGS = [...SHED, "busy", "device"] as const;
/**
 * - `closing`: ends within a second
 * - `silent`: no complete request has arrived
 * - `idle`: between two requests, or an unsigned request is being answered while more have already arrived
 * - `guest`: a WebSocket or an event stream whose device has no registration
 * - `asking`: an unsigned request is being answered
 * - `busy`: a request signed with a known key is being answered
 * - `device`: the link of a registered device
 */
export type ConnectionStanding = (typeof STANDINGS)[number];
export type ShedStanding = (typeof SHED)[number];

/** The connections of one address, which count together. */
export interface Network {
  readonly address: string;
  /** Total weight of the connections that count against its share. */
  count: number;
  /** Number of all its connections. */
  size: number;
  readonly byStanding: Record<ConnectionStanding, number>;
}

export class Networks {
  readonly #byAddress = new Map<string, Network>();
  /**
   * Networks that have a connection of the standing, by their count: looked up for each newcomer to a full mesh, where scanning all
   * networks would cost too much.
   */
  readonly #ranked = new Map<ConnectionStanding, Ranking<Network>>(
    SHED.map((each) => [each, new Ranking()]),
  );

  get(address: string): Network | undefined {
    return this.#byAddress.get(address);
  }

  /** The network of one more connection. */
  join(address: string): Network {
    const network = this.#byAddress.get(address) ?? {
      address,
      count: 0,
      size: 0,
      byStanding: noConnections(),
    };
    network.size++;
    this.#byAddress.set(address, network);
    return network;
  }

  leave(network: Network): void {
    network.size--;
    if (network.size === 0) this.#byAddress.delete(network.address);
  }

  /** @returns 0 for an address without connections */
  countAt(address: string): number {
    const network = this.#byAddress.get(address);
    return network === undefined ? 0 : networkCount(network);
  }

  /** Adds `connections` of the standing and `weight` to the network's count; either may be negative. */
  add(network: Network, standing: ConnectionStanding, connections: number, weight: number): void {
    const changed: readonly ConnectionStanding[] = weight === 0 ? [standing] : SHED;
    for (const each of changed)
      if (network.byStanding[each] > 0)
        this.#ranked.get(each)?.remove(network, networkCount(network));
    network.byStanding[standing] += connections;
    network.count += weight;
    for (const each of changed)
      if (network.byStanding[each] > 0) this.#ranked.get(each)?.add(network, networkCount(network));
  }

  /**
   * The largest network that has a connection of the standing.
   *
   * @param minCount smaller networks are passed over, except a proxy's own connections
   * @param skipped is not returned
   */
  largest(standing: ShedStanding, minCount: number, skipped: Network | null): Network | null {
    const largest = this.#ranked.get(standing)?.largest(skipped) ?? null;
    if (largest === null || networkCount(largest) >= minCount) return largest;
    const nobody = this.#byAddress.get(NOBODY);
    const hasNone = nobody === undefined || nobody === skipped || nobody.byStanding[standing] === 0;
    return hasNone ? null : nobody;
  }
}

/** A proxy's own connections serve many clients, so they are shed last. */
export const networkCount = ({ address, count }: Network): number =>
  address === NOBODY ? 0 : count;

const noConnections = (): Record<ConnectionStanding, number> => ({
  closing: 0,
  silent: 0,
  idle: 0,
  guest: 0,
  asking: 0,
  busy: 0,
  device: 0,
});
