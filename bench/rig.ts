/** What a scenario works with: both servers, the devices of both, and the sender. */
import { Client } from "./client/calls.ts";
import { SIDES, type SideName } from "./client/device.ts";
import type { FleetCalls } from "./client/fleet.ts";
import type { Slice } from "./client/pace.ts";
import type { SenderCalls } from "./client/sender.ts";
import type { Options } from "./options.ts";
import { cpuMs } from "./process.ts";
import { type Servers, startServers } from "./servers.ts";

/** A slice of one side, with what its server spent on it. */
export interface Measured extends Slice {
  readonly serverCpuMs: number;
}

/** The slices of both sides; those at one index were measured one right after the other. */
export type Pairs = Readonly<Record<SideName, readonly Measured[]>>;

/** Slices a side: enough for a median, and long enough each for a rate. */
export const SLICES = 5;

export class Rig {
  readonly options: Options;
  readonly servers: Servers;
  readonly fleet = new Client<FleetCalls>(new URL("client/fleet.ts", import.meta.url));
  readonly sender = new Client<SenderCalls>(new URL("client/sender.ts", import.meta.url));

  private constructor(options: Options, servers: Servers) {
    this.options = options;
    this.servers = servers;
  }

  /** Starts the servers, and makes the devices of both sides; none has a link. */
  static async open(options: Options): Promise<Rig> {
    const rig = new Rig(options, await startServers(options.host));
    try {
      await rig.#prepare();
    } catch (error) {
      rig.close();
      throw error;
    }
    return rig;
  }

  async #prepare(): Promise<void> {
    const { sides, appId, key } = this.servers;
    const addresses = { mesh: sides.mesh.address, control: sides.control.address };
    const { devices, inFlight } = this.options;
    const targets = await this.fleet.call("prepare", { addresses, appId, count: devices });
    await this.sender.call("aim", { addresses, targets, key, inFlight });
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
        const { pid } = this.servers.sides[side];
        const before = cpuMs(pid);
        const taken = await measure(side, slice);
        pairs[side].push({ ...taken, serverCpuMs: cpuMs(pid) - before });
      }
    }
    return pairs;
  }

  close(): void {
    // The clients first: to a device, its server's end would be a lost link.
    this.fleet.end();
    this.sender.end();
    this.servers.end();
  }
}
