/** What a scenario works with: both servers, the devices of both, and the sender. */
import type { HostName } from "../hosts/machine/host.ts";
import { Client } from "./client/calls.ts";
import { SIDES, type SideName } from "./client/device.ts";
import type { FleetCalls } from "./client/fleet.ts";
import type { Slice } from "./client/pace.ts";
import type { SenderCalls, SenderSetup } from "./client/sender.ts";
import type { Options } from "./options.ts";
import { cpuMs } from "./process.ts";
import { type Servers, startServers } from "./servers.ts";

/** A slice of one side, with what its server spent on it. */
export interface Measured extends Slice {
  readonly serverCpuMs: number;
}

/** The slices of both sides; those at one index were measured one right after the other. */
export type Pairs = Readonly<Record<SideName, readonly Measured[]>>;

/** Devices of each side where nobody says how many. */
const DEVICES = 1_000;

/** What a scenario asks of its rig. */
export interface DeviceWishes {
  readonly devices?: (host: HostName) => number;
  readonly withoutDevices?: boolean;
}

/** Slices a side: enough for a median, and long enough each for a rate. */
export const SLICES = 5;

export class Rig {
  readonly options: Options;
  readonly servers: Servers;
  /** Devices of each side, or listeners where there are no devices. */
  readonly devices: number;
  readonly fleet = new Client<FleetCalls>(new URL("client/fleet.ts", import.meta.url));
  readonly sender = new Client<SenderCalls>(new URL("client/sender.ts", import.meta.url));

  private constructor(options: Options, servers: Servers, devices: number) {
    this.options = options;
    this.servers = servers;
    this.devices = devices;
  }

  /** Starts the servers, and makes the devices of both sides; none has a link. */
  static async open(options: Options, wanted: DeviceWishes = {}): Promise<Rig> {
    const devices = options.devices ?? wanted.devices?.(options.host) ?? DEVICES;
    const rig = new Rig(options, await startServers(options.host, options.isAlone), devices);
    try {
      await rig.#prepare(wanted.withoutDevices === true ? 0 : devices);
    } catch (error) {
      rig.close();
      throw error;
    }
    return rig;
  }

  async #prepare(count: number): Promise<void> {
    await this.sender.call("aim", await this.setUp(this.fleet, count));
  }

  /**
   * Makes devices of both sides in a client process; what the sender needs to send to them.
   *
   * @param isSealed whether the mesh's have a key with it
   */
  async setUp(fleet: Client<FleetCalls>, count: number, isSealed = false): Promise<SenderSetup> {
    const { sides, appId, key, ed25519 } = this.servers;
    const addresses = { mesh: sides.mesh.address, control: sides.control.address };
    const targets = await fleet.call("prepare", { addresses, appId, count, isSealed });
    return { addresses, targets, key, ed25519, inFlight: this.options.inFlight };
  }

  /**
   * Measures both sides in turns, mesh and control and mesh and control: what else happens on the machine then
   * falls on both alike.
   */
  async interleave(
    measure: (side: SideName, slice: number) => Promise<Slice>,
    slices = SLICES,
  ): Promise<Pairs> {
    const pairs: Record<SideName, Measured[]> = { mesh: [], control: [] };
    for (let slice = 0; slice < slices; slice++) {
      for (const side of SIDES) {
        pairs[side].push(await this.measured(side, () => measure(side, slice)));
      }
    }
    return pairs;
  }

  /** A slice, with what the server of a side spent on it. */
  async measured(side: SideName, measure: () => Promise<Slice>): Promise<Measured> {
    const { pid } = this.servers.sides[side];
    const before = cpuMs(pid);
    const taken = await measure();
    return { ...taken, serverCpuMs: cpuMs(pid) - before };
  }

  close(): void {
    // The clients first: to a device, its server's end would be a lost link.
    this.fleet.end();
    this.sender.end();
    this.servers.end();
  }
}
