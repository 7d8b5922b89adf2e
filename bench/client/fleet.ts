/** Client process: the devices of both servers. */
import { serve } from "./calls.ts";
import { ControlDevice } from "./control-device.ts";
import { type BenchDevice, type LinkKind, SIDES, type SideName, Tally } from "./device.ts";
import type { Address } from "./http.ts";
import { LinkSender, type LinkStatus } from "./link-sender.ts";
import { listen } from "./listener.ts";
import { MeshDevice } from "./mesh-device.ts";
import { forMs, pace, type Slice } from "./pace.ts";
import type { SendingKey } from "./signed-send.ts";
import { type PeerAddress, subscribe } from "./subscriber.ts";
import type { WebSocketClient } from "./websocket.ts";

/** How many devices are made, connected or asked at a time, where no scenario says otherwise. */
const AT_A_TIME = 32;

export interface FleetSetup {
  readonly addresses: Readonly<Record<SideName, Address>>;
  readonly appId: string;
  /** Devices of each side. */
  readonly count: number;
  /** Whether the mesh's have a key with it. */
  readonly isSealed: boolean;
}

/** A tag of the mesh, and how many of the devices join it: the first ones. */
export interface TagSize {
  readonly tag: string;
  readonly members: number;
}

const fleets: Record<SideName, readonly BenchDevice[]> = { mesh: [], control: [] };
/** Messages of each side, whoever received them. */
const tallies: Readonly<Record<SideName, Tally>> = { mesh: new Tally(), control: new Tally() };
const listeners: WebSocketClient[] = [];
const subscribers: { close(): void }[] = [];
/** Each subscriber needs one of its own. */
let names = 0;
let setup: FleetSetup | undefined;
let link: LinkSender | undefined;

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
  async prepare(wanted: FleetSetup): Promise<Record<SideName, string[]>> {
    setup = wanted;
    const { addresses, appId, count, isSealed } = wanted;
    const make = {
      mesh: () => new MeshDevice(addresses.mesh, appId, tallies.mesh, isSealed),
      control: (index: number) =>
        new ControlDevice(addresses.control, `device-${index}`, tallies.control),
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

  /** The mesh's devices join tags; they have links. */
  async subscribe(tags: readonly TagSize[]): Promise<void> {
    const places = new Map(fleets.mesh.map((device, index) => [device, index]));
    await each(fleets.mesh, AT_A_TIME, async (device) => {
      const own = tags.filter(({ members }) => (places.get(device) ?? 0) < members);
      if (own.length > 0 && device instanceof MeshDevice) {
        await device.subscribe(own.map(({ tag }) => tag));
      }
    });
  },

  /**
   * Sends by one sender link for so long, to one device of the mesh after another. Here, because the clients of the peers have one
   * process for devices and senders as well.
   *
   * @param status that each send must end with
   */
  sendByLink(key: SendingKey, ms: number, inFlight: number, status: LinkStatus): Promise<Slice> {
    const address = setup?.addresses.mesh;
    if (address === undefined) throw new Error("not prepared");
    link ??= new LinkSender(
      address,
      key,
      fleets.mesh.map(({ target }) => target),
    );
    return link.send(inFlight, forMs(ms), status);
  },

  /** Opens sockets of live listeners. */
  async listen(side: SideName, path: string, count: number): Promise<void> {
    const address = setup?.addresses[side];
    if (address === undefined) throw new Error("not prepared");
    let left = count;
    const more = () => left-- > 0;
    await pace(AT_A_TIME, more, async () => {
      listeners.push(await listen(address, path, tallies[side]));
    });
  },

  /**
   * Opens subscribers of a peer, in the control's place.
   *
   * @param answering they tell the broker of each message that it has come, as devices do
   */
  async subscribePeer(peer: PeerAddress, count: number, answering: boolean): Promise<void> {
    const onMessage = () => tallies.control.add(1);
    let left = count;
    const more = () => left-- > 0;
    await pace(AT_A_TIME, more, async () => {
      subscribers.push(await subscribe(peer, names++, answering, onMessage));
    });
  },

  async hangUp(): Promise<void> {
    for (const one of [...listeners.splice(0), ...subscribers.splice(0)]) one.close();
  },

  /** Resolves when the devices or listeners of a side have received so many messages since the last such call. */
  async receive(side: SideName, messages: number): Promise<{ readonly clientCpuMs: number }> {
    const cpu = process.cpuUsage();
    await tallies[side].more(messages);
    const { user, system } = process.cpuUsage(cpu);
    return { clientCpuMs: (user + system) / 1_000 };
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
