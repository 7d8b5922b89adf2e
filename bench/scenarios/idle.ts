/** Connected devices that do nothing: what they keep of the machine once hibernated, and what a heartbeat costs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SideName } from "../client/device.ts";
import { cpuMs, descriptors, residentKb } from "../process.ts";
import { type Row, rowOf } from "../report.ts";
import type { Rig } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

/** An object goes to sleep after 10 s without work, and then gives descriptors back. */
const HIBERNATES_MS = 15_000;
/** Descriptors that stay the same for so long will stay so. */
const STEADY_MS = 3_000;
const LOOK_MS = 250;
const GIVE_UP_MS = 60_000;
/** Heartbeats of every device: enough of them for a figure. */
const HEARTBEATS = 20;

/** Resolves when the objects of a server have gone to sleep. */
async function asleep(pid: number): Promise<void> {
  const began = Date.now();
  let open = descriptors(pid);
  let since = began;
  while (Date.now() - began < HIBERNATES_MS || Date.now() - since < STEADY_MS) {
    if (Date.now() - began > GIVE_UP_MS) throw new Error(`descriptors of ${pid} do not settle`);
    await sleep(LOOK_MS);
    const now = descriptors(pid);
    if (now !== open) since = Date.now();
    open = now;
  }
}

/** What the process has grown by since it started, divided by its devices: what it needs only once is in it too. */
interface Idle {
  readonly kb: number;
  readonly descriptors: number;
  readonly descriptorsAfter: number;
  readonly heartbeatUs: number;
}

async function measure({ fleet, servers, options, devices }: Rig, side: SideName): Promise<Idle> {
  const { pid } = servers.sides[side];
  const { inFlight } = options;
  const start = servers.sides[side].atStart;
  await fleet.call("connect", side, "bare");
  await asleep(pid);
  const kb = residentKb(pid);
  const open = descriptors(pid);
  const cpu = cpuMs(pid);
  for (let round = 0; round < HEARTBEATS; round++) {
    const { count } = await fleet.call("ping", side, inFlight);
    if (count !== devices) throw new Error(`${count} of ${devices} heartbeats were answered`);
  }
  return {
    kb: (kb - start.residentKb) / devices,
    descriptors: (open - start.descriptors) / devices,
    descriptorsAfter: (descriptors(pid) - start.descriptors) / devices,
    heartbeatUs: ((cpuMs(pid) - cpu) * 1_000) / (HEARTBEATS * devices),
  };
}

export const idle: Scenario = {
  name: "idle",
  async run(rig) {
    const of = { mesh: [await measure(rig, "mesh")], control: [await measure(rig, "control")] };
    const row = (metric: string, unit: string, figure: (idle: Idle) => number): Row =>
      rowOf(this.name, metric, unit, {
        mesh: of.mesh.map(figure),
        control: of.control.map(figure),
      });
    return [
      row("resident memory", "KiB/device", ({ kb }) => kb),
      row("descriptors", "per device", (one) => one.descriptors),
      // More than before would mean that heartbeats wake objects.
      row("descriptors after heartbeats", "per device", ({ descriptorsAfter }) => descriptorsAfter),
      row("heartbeat, server processor time", "µs", ({ heartbeatUs }) => heartbeatUs),
    ];
  },
};
