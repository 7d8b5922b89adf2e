/**
 * What broadcasts take from single sends (promise P5): sends at a steady rate to members of a tag, in turns without a
 * broadcast and with broadcasts to the whole tag, one after the other without a pause. In its rows the mesh without
 * broadcasts is in the control's place.
 */

import { Client } from "../client/calls.ts";
import type { FleetCalls } from "../client/fleet.ts";
import type { Slice } from "../client/pace.ts";
import { cpuMs } from "../process.ts";
import { percentile, type Row, rowOf } from "../report.ts";
import { type Measured, type Rig, SLICES } from "../rig.ts";
import {
  audienceOf,
  awakeAtOnce,
  broadcastFor,
  broadcastOnce,
  tagOf,
  warmUp,
} from "./broadcast.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "send-during-broadcast";
const SENDS_PER_SECOND = 200;
/** Devices that get single sends; they are members as well. */
const TARGETS = 200;
/** Fewer sends would have no p99. */
const SLICE_MIN_MS = 500;

/** Sends for so long, while broadcasts run or not; how many deliveries of broadcasts there were meanwhile. */
async function slice(
  rig: Rig,
  ms: number,
  withBroadcasts: boolean,
): Promise<Measured & { readonly deliveries: number }> {
  const { sender, devices } = rig;
  const { pid } = rig.servers.sides.mesh;
  const before = cpuMs(pid);
  let over = false;
  let deliveries = 0;
  const broadcasts = (async () => {
    while (withBroadcasts && !over) {
      deliveries += (await broadcastOnce(rig, "mesh", audienceOf(tagOf(devices)))).count;
    }
  })();
  const sends = await sender.call("steady", "mesh", SENDS_PER_SECOND, ms);
  over = true;
  const serverCpuMs = cpuMs(pid) - before;
  await broadcasts;
  return { ...sends, serverCpuMs, deliveries };
}

export const sendDuringBroadcast: Scenario = {
  name: NAME,
  devices: awakeAtOnce,
  async run(rig) {
    // In a process of their own: in the fleet's, a single send would wait for its thousands of sockets to be read.
    const targets = new Client<FleetCalls>(new URL("../client/fleet.ts", import.meta.url));
    try {
      return await measure(rig, targets);
    } finally {
      targets.end();
    }
  },
};

async function measure(rig: Rig, targets: Client<FleetCalls>): Promise<Row[]> {
  const { fleet, sender, devices, options } = rig;
  const tag = tagOf(devices);
  await sender.call("aim", await rig.setUp(targets, Math.min(TARGETS, devices)));
  for (const each of [fleet, targets]) {
    await each.call("connect", "mesh", "answering");
    await each.call("subscribe", [tag]);
  }
  await sender.call("fill", "mesh", 1, "send");
  await warmUp(rig, "mesh", audienceOf(tagOf(devices)));
  const ms = Math.max(SLICE_MIN_MS, (options.seconds * 1_000) / SLICES);
  const without: Measured[] = [];
  const during: (Measured & { readonly deliveries: number })[] = [];
  const alone: Slice[] = [];
  for (let n = 0; n < SLICES; n++) {
    without.push(await slice(rig, ms, false));
    during.push(await slice(rig, ms, true));
    alone.push(await broadcastFor(rig, "mesh", audienceOf(tagOf(devices)), ms));
  }
  const row = (metric: string, unit: string, figure: (one: Measured) => number): Row =>
    rowOf(NAME, metric, unit, {
      mesh: during.map(figure),
      control: without.map(figure),
    });
  return [
    row("p50", "ms", ({ latencies }) => percentile(latencies, 0.5)),
    row("p99", "ms", ({ latencies }) => percentile(latencies, 0.99)),
    row("server busy", "cores", (one) => one.serverCpuMs / one.ms),
    // The control is the broadcasts alone.
    rowOf(NAME, "broadcast", "messages/s", {
      mesh: during.map((one) => (one.deliveries * 1_000) / one.ms),
      control: alone.map(({ count, ms }) => (count * 1_000) / ms),
    }),
  ];
}
