/**
 * Broadcasts beside those of Mosquitto and NATS, in one run: live listeners beside subscribers that answer nothing,
 * device sockets beside such as acknowledge (MQTT's QoS 1; NATS has no acknowledgement). In its rows the peer is in the
 * control's place.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slice } from "../client/pace.ts";
import { mosquitto } from "../peers/mosquitto.ts";
import { nats } from "../peers/nats-server.ts";
import type { Peer } from "../peers/peer.ts";
import { cpuMs } from "../process.ts";
import { median, type Row, rowOf } from "../report.ts";
import { type Measured, type Rig, SLICES } from "../rig.ts";
import { type Audience, audienceOf, broadcastFor, broadcastsFor, tagOf } from "./broadcast.ts";
import type { Scenario } from "./scenario.ts";

const SIZES = [1_000, 5_000] as const;
const LIVE_TAG = "bench-live";
const WARM_UP_MS = 500;

async function inTurns(
  rig: Rig,
  peer: Peer,
  scenario: string,
  what: string,
  audience: Audience,
): Promise<Row[]> {
  const toPeer = async (): Promise<{ readonly clientCpuMs: number }> => {
    const [taken] = await Promise.all([
      rig.fleet.call("receive", "control", audience.count),
      peer.publishAll(),
    ]);
    return taken;
  };
  const sides = {
    mesh: {
      pid: rig.servers.sides.mesh.pid,
      run: (ms: number) => broadcastFor(rig, "mesh", audience, ms),
    },
    control: { pid: peer.pid, run: (ms: number) => broadcastsFor(audience.count, ms, toPeer) },
  };
  const measured = async ({ pid, run }: { pid: number; run: (ms: number) => Promise<Slice> }) => {
    const before = cpuMs(pid);
    const slice = await run((rig.options.seconds * 1_000) / SLICES);
    return { ...slice, serverCpuMs: cpuMs(pid) - before };
  };
  await sides.mesh.run(WARM_UP_MS);
  await sides.control.run(WARM_UP_MS);
  const pairs: { mesh: Measured[]; control: Measured[] } = { mesh: [], control: [] };
  for (let slice = 0; slice < SLICES; slice++) {
    pairs.mesh.push(await measured(sides.mesh));
    pairs.control.push(await measured(sides.control));
  }
  const row = (metric: string, unit: string, figure: (slice: Measured) => number): Row =>
    rowOf(scenario, `${audience.count} ${what}: ${metric}`, unit, {
      mesh: pairs.mesh.map(figure),
      control: pairs.control.map(figure),
    });
  return [
    row("rate", "messages/s", ({ count, ms }) => (count * 1_000) / ms),
    row("time of one", "ms", ({ latencies }) => median(latencies)),
    row("server processor time", "µs", ({ serverCpuMs, count }) => (serverCpuMs * 1_000) / count),
  ];
}

async function beside(rig: Rig, peer: Peer): Promise<Row[]> {
  const { fleet, devices, servers } = rig;
  const { address, protocol } = peer;
  const scenario = `broadcast-peers: ${peer.name}`;
  const path = `/v1/apps/${servers.appId}/tags/${LIVE_TAG}/live`;
  const sizes = SIZES.filter((size) => size <= devices);
  const rows: Row[] = [];
  for (const count of sizes.length > 0 ? sizes : [devices]) {
    await fleet.call("listen", "mesh", path, count);
    await fleet.call("subscribePeer", { address, protocol }, count, false);
    const listeners: Audience = { tag: LIVE_TAG, path: "", count };
    rows.push(...(await inTurns(rig, peer, scenario, "live listeners", listeners)));
    await fleet.call("hangUp");
    await fleet.call("subscribePeer", { address, protocol }, count, true);
    const members = audienceOf(tagOf(count));
    rows.push(...(await inTurns(rig, peer, scenario, "devices", members)));
    await fleet.call("hangUp");
  }
  return rows;
}

export const broadcastPeers: Scenario = {
  name: "broadcast-peers",
  devices: () => Math.max(...SIZES),
  async run(rig) {
    const { fleet, sender, devices } = rig;
    await sender.call("openTag", LIVE_TAG);
    await fleet.call("connect", "mesh", "answering");
    const sizes = SIZES.filter((size) => size <= devices);
    await fleet.call("subscribe", (sizes.length > 0 ? sizes : [devices]).map(tagOf));
    const folder = mkdtempSync(join(tmpdir(), "pushmesh-peers-"));
    const all: Row[] = [];
    try {
      for (const start of [mosquitto, nats]) {
        const own = join(folder, start.name);
        mkdirSync(own);
        const peer = await start(own, 0);
        try {
          all.push(...(await beside(rig, peer)));
        } finally {
          peer.end();
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
    return all;
  },
};
