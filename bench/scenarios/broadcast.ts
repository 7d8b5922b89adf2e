/** What the broadcast scenarios share: one broadcast after the other, each measured until the last socket has it. */
import type { SideName } from "../client/device.ts";
import type { TagSize } from "../client/fleet.ts";
import type { Slice } from "../client/pace.ts";
import type { Rig } from "../rig.ts";

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

export const audienceOf = ({ tag, members }: TagSize): Audience => ({
  tag,
  path: `/fan-out/${members}`,
  count: members,
});

/** One broadcast, until all have it: `latencies` holds that one time, `count` are the deliveries. */
export async function broadcastOnce(
  { fleet, sender }: Rig,
  side: SideName,
  { tag, path, count }: Audience,
): Promise<Slice> {
  const began = performance.now();
  const [{ clientCpuMs }] = await Promise.all([
    fleet.call("receive", side, count),
    sender.call("broadcast", side, { tag }, path),
  ]);
  const ms = performance.now() - began;
  return { count, ms, latencies: Float64Array.of(ms), clientCpuMs };
}

/** Broadcasts one after the other for so long, and at least one. */
export async function broadcastFor(
  rig: Rig,
  side: SideName,
  audience: Audience,
  ms: number,
): Promise<Slice> {
  const until = performance.now() + ms;
  const latencies: number[] = [];
  const sum = { count: 0, ms: 0, clientCpuMs: 0 };
  do {
    const one = await broadcastOnce(rig, side, audience);
    sum.count += one.count;
    sum.ms += one.ms;
    sum.clientCpuMs += one.clientCpuMs;
    latencies.push(one.ms);
  } while (performance.now() < until);
  return { ...sum, latencies: Float64Array.from(latencies) };
}

/** Broadcasts that nobody measures: objects wake, code is compiled, and every device turns out to be attached. */
const WARM_UP = 3;

export async function warmUp(rig: Rig, side: SideName, audience: Audience): Promise<void> {
  for (let round = 0; round < WARM_UP; round++) await broadcastOnce(rig, side, audience);
}
