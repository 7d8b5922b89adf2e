/** Client process: the devices of both servers. */
import { serve } from "./calls.ts";
import { ControlDevice } from "./control-device.ts";
import { type BenchDevice, type LinkKind, SIDES, type SideName } from "./device.ts";
import type { Address } from "./http.ts";
import { MeshDevice } from "./mesh-device.ts";
import { forMs, pace, type Slice } from "./pace.ts";

/** How many devices are made, connected or asked at a time, where no scenario says otherwise. */
const AT_A_TIME = 32;

export interface FleetSetup {
  readonly addresses: Readonly<Record<SideName, Address>>;
  readonly appId: string;
  /** Devices of each side. */
  readonly count: number;
}

const fleets: Record<SideName, readonly BenchDevice[]> = { mesh: [], control: [] };

/** Runs `operation` on each of some devices, a bounded number at a time. */
function each(
  devices: readonly BenchDevice[],
  inFlight: number,
  operation: (device: BenchDevice) => Promise<void>,
): Promise<Slice> {
  const left = [...devices].reverse();
  return pace(
    inFlight,
    () => left.length > 0,
    async () => {
      const device = left.pop();
      if (device !== undefined) await operation(device);
    },
  );
}

const calls = {
  /** Makes the devices of both sides known to their servers. */
  async prepare({ addresses, appId, count }: FleetSetup): Promise<Record<SideName, string[]>> {
    const make = {
      mesh: () => new MeshDevice(addresses.mesh, appId),
      control: (index: number) => new ControlDevice(addresses.control, `device-${index}`),
    };
    for (const side of SIDES) {
      fleets[side] = Array.from({ length: count }, (_, index) => make[side](index));
      await each(fleets[side], AT_A_TIME, (device) => device.prepare());
    }
    const targets = (side: SideName) => fleets[side].map(({ target }) => target);
    return { mesh: targets("mesh"), control: targets("control") };
  },

  async connect(side: SideName, kind: LinkKind): Promise<void> {
    await each(fleets[side], AT_A_TIME, (device) => device.connect(kind));
  },

  async disconnect(side: SideName): Promise<void> {
    for (const device of fleets[side]) device.disconnect();
  },

  /** One heartbeat of every device. */
  ping(side: SideName, inFlight: number): Promise<Slice> {
    return each(fleets[side], inFlight, (device) => device.ping());
  },

  /** Links opened and closed again, one device after another. */
  storm(side: SideName, ms: number, inFlight: number): Promise<Slice> {
    let next = 0;
    return pace(inFlight, forMs(ms), async () => {
      const device = fleets[side][next++ % fleets[side].length];
      await device?.connect("bare");
      device?.disconnect();
    });
  },

  /** Links opened by the devices `from` to `to`, each until it has received `messages` that waited for it. */
  drain(
    side: SideName,
    range: { readonly from: number; readonly to: number },
    messages: number,
    inFlight: number,
  ): Promise<Slice> {
    return each(fleets[side].slice(range.from, range.to), inFlight, async (device) => {
      const all = device.received + messages;
      await device.connect("replay");
      await device.until(all);
    });
  },
};
export type FleetCalls = typeof calls;

serve(calls);
