/**
 * What broadcasts take from single sends (promise P5): sends at a steady rate to members of a tag, in turns without a
 * broadcast and with broadcasts to the whole tag, one after the other without a pause. In its rows the mesh without
 * broadcasts is in the control's place.
 *
 * Devices and sender are on the machine of the mesh here, and a sender waits for a core as well while hundreds of devices have
 * one. So a third slice has the same sends while the bare server broadcasts to as many sockets at the mesh's rate: beside that,
 * what remains is what the mesh itself takes from them.
 */
import { Client } from "../client/calls.ts";
import { SIDES, type SideName } from "../client/device.ts";
import type { FleetCalls } from "../client/fleet.ts";
import type { Slice } from "../client/pace.ts";
import { cpuMs } from "../process.ts";
import { percentile, type Row, rowOf } from "../report.ts";
import { type Measured, type Rig, SLICES } from "../rig.ts";
import {
  type Audience,
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
/** Of 40 sends at least; below 100, their p99 is the slowest. */
const SLICE_MIN_MS = 200;

/** How fast the bare server is to send at most: the mesh's fan-outs that rest are no faster, and one that does not is no excuse. */
const RESTING_PER_SECOND = 2_500;

interface Beside extends Measured {
  /** Of broadcasts, a second. */
  readonly deliveries: number;
}

/** Sends for so long, while one of the servers broadcasts without a pause, or none does. */
async function slice(
  rig: Rig,
  ms: number,
  side: SideName | null,
  audience: Audience,
): Promise<Beside> {
  const { sender } = rig;
  const { pid } = rig.servers.sides.mesh;
  const before = cpuMs(pid);
  let over = false;
  let [count, took] = [0, 0];
  const broadcasts = (async () => {
    while (side !== null && !over) {
      const one = await broadcastOnce(rig, side, audience);
      // What ends after the sends did without them for a part of it, except the first, which is better than none.
      if (over && count > 0) return;
      count += one.count;
      took += one.ms;
    }
  })();
  const sends = await sender.call("steady", "mesh", SENDS_PER_SECOND, ms);
  over = true;
  const serverCpuMs = cpuMs(pid) - before;
  await broadcasts;
  return { ...sends, serverCpuMs, deliveries: count === 0 ? 0 : (count * 1_000) / took };
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
  await fleet.call("connect", "control", "answering");
  await sender.call("fill", "mesh", 1, "send");
  const audience = audienceOf(tag);
  for (const side of SIDES) await warmUp(rig, side, audience);
  const ms = Math.max(SLICE_MIN_MS, (options.seconds * 1_000) / SLICES);
  const without: Measured[] = [];
  const during: Beside[] = [];
  const besideBare: Beside[] = [];
  const alone: Slice[] = [];
  for (let n = 0; n < SLICES; n++) {
    without.push(await slice(rig, ms, null, audience));
    const beside = await slice(rig, ms, "mesh", audience);
    during.push(beside);
    const rate = Math.min(Math.round(beside.deliveries), RESTING_PER_SECOND);
    besideBare.push(await slice(rig, ms, "control", audienceOf(tag, rate)));
    alone.push(await broadcastFor(rig, "mesh", audience, ms));
  }
  const row = (
    metric: string,
    unit: string,
    figure: (one: Measured) => number,
    control: readonly Measured[] = without,
  ): Row =>
    rowOf(NAME, metric, unit, {
      mesh: during.map(figure),
      control: control.map(figure),
    });
  const p50 = ({ latencies }: Measured) => percentile(latencies, 0.5);
  const p99 = ({ latencies }: Measured) => percentile(latencies, 0.99);
  return [
    row("p50", "ms", p50),
    row("p99", "ms", p99),
    row("p50, as much to devices", "ms", p50, besideBare),
    row("p99, as much to devices", "ms", p99, besideBare),
    row("server busy", "cores", (one) => one.serverCpuMs / one.ms),
    // The control is the broadcasts alone.
    rowOf(NAME, "broadcast", "messages/s", {
      mesh: during.map(({ deliveries }) => deliveries),
      control: alone.map(({ count, ms }) => (count * 1_000) / ms),
    }),
  ];
}
