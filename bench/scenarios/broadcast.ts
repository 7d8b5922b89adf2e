/** What the broadcast scenarios share: one broadcast after the other, each measured until the last socket has it. */
import type { HostName } from "../../hosts/machine/host.ts";
import type { SideName } from "../client/device.ts";
import type { TagSize } from "../client/fleet.ts";
import type { Slice } from "../client/pace.ts";
import type { Rig } from "../rig.ts";

/**
 * Devices that hold a link at once where all of them are awake: on workerd each takes five descriptors then, and a process
 * that runs out of its 20,000 aborts.
 */
export const awakeAtOnce = (host: HostName): number => (host === "workerd" ? 3_000 : 5_000);

/** To whom, on either side. */
export interface Audience {
  /** Of the mesh. */
  readonly tag: string;
  /** Of the control. */
  readonly path: string;
  /** Devices or listeners that get it. */
  readonly count: number;
}

/** A tag of so many members, named for their number; the control sends to as many of its devices. */
export const tagOf = (members: number): TagSize => ({ tag: `bench-${members}`, members });

/** @param rate of the control, devices a second; as fast as it goes where nobody says */
export const audienceOf = ({ tag, members }: TagSize, rate?: number): Audience => ({
  tag,
  path: rate === undefined ? `/fan-out/${members}` : `/fan-out/${members}/${rate}`,
  count: members,
});

/** What broadcasts, and who hears it. */
type Senders = Pick<Rig, "fleet" | "sender">;

/** One broadcast, until all have it. */
async function once(
  { fleet, sender }: Senders,
  side: SideName,
  { tag, path, count }: Audience,
): Promise<{ readonly clientCpuMs: number }> {
  const [taken] = await Promise.all([
    fleet.call("receive", side, count),
    sender.call("broadcast", side, { tag }, path),
  ]);
  return taken;
}

/** A tag takes 1,024 broadcasts in 7 minutes, and a run has a few slices of each tag. */
const SLICE_BROADCASTS = 150;

/**
 * Broadcasts one after the other for so long, and at least one: `latencies` are their times, `count` the deliveries.
 *
 * @param count deliveries of one
 */
export async function broadcastsFor(
  count: number,
  ms: number,
  broadcast: () => Promise<{ readonly clientCpuMs: number }>,
): Promise<Slice> {
  const until = performance.now() + ms;
  const latencies: number[] = [];
  let clientCpuMs = 0;
  let took = 0;
  do {
    const began = performance.now();
    clientCpuMs += (await broadcast()).clientCpuMs;
    const one = performance.now() - began;
    latencies.push(one);
    took += one;
  } while (performance.now() < until && latencies.length < SLICE_BROADCASTS);
  const sum = { count: count * latencies.length, ms: took, clientCpuMs };
  return { ...sum, latencies: Float64Array.from(latencies) };
}

export const broadcastFor = (
  rig: Senders,
  side: SideName,
  audience: Audience,
  ms: number,
): Promise<Slice> => broadcastsFor(audience.count, ms, () => once(rig, side, audience));

/** One broadcast; its time is the only one of `latencies`. */
export const broadcastOnce = (rig: Rig, side: SideName, audience: Audience): Promise<Slice> =>
  broadcastFor(rig, side, audience, 0);

/** Broadcasts that nobody measures: objects wake, code is compiled, and every device turns out to be attached. */
const WARM_UP = 3;

export async function warmUp(rig: Rig, side: SideName, audience: Audience): Promise<void> {
  for (let round = 0; round < WARM_UP; round++) await broadcastOnce(rig, side, audience);
}
