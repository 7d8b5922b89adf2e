/**
 * The mesh beside other servers under the same workload, in one run: Mosquitto and NATS from Debian's packages
 * (`apt-get install mosquitto nats-server`). In its rows the peer is in the control's place; the host's control, a bare server on Deno,
 * is the peer of all other scenarios. What each acknowledges differs: docs/benchmarks.md says how.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slice } from "../client/pace.ts";
import { mosquitto } from "../peers/mosquitto.ts";
import { nats } from "../peers/nats-server.ts";
import type { Peer } from "../peers/peer.ts";
import { cpuMs, residentKb } from "../process.ts";
import { percentile, type Row, rowOf } from "../report.ts";
import { type Measured, type Rig, SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

const WARM_UP_MS = 2_000;
/** Messages of which a kill may lose some. */
const KILL_COUNT = 2_000;

async function measured(pid: number, work: () => Promise<Slice>): Promise<Measured> {
  const before = cpuMs(pid);
  const slice = await work();
  return { ...slice, serverCpuMs: cpuMs(pid) - before };
}

/** Both in turns, slice by slice. */
async function inTurns(
  rig: Rig,
  peer: Peer,
  mesh: (ms: number) => Promise<Slice>,
  other: (ms: number) => Promise<Slice>,
): Promise<{ readonly mesh: Measured[]; readonly control: Measured[] }> {
  const ms = (rig.options.seconds * 1_000) / SLICES;
  await mesh(WARM_UP_MS);
  await other(WARM_UP_MS);
  const pairs: { mesh: Measured[]; control: Measured[] } = { mesh: [], control: [] };
  for (let slice = 0; slice < SLICES; slice++) {
    pairs.mesh.push(await measured(rig.servers.sides.mesh.pid, () => mesh(ms)));
    pairs.control.push(await measured(peer.pid, () => other(ms)));
  }
  return pairs;
}

type Pairs = Awaited<ReturnType<typeof inTurns>>;

function rows(scenario: string, what: string, pairs: Pairs): Row[] {
  const row = (metric: string, unit: string, figure: (slice: Measured) => number): Row =>
    rowOf(scenario, `${what}: ${metric}`, unit, {
      mesh: pairs.mesh.map(figure),
      control: pairs.control.map(figure),
    });
  return [
    row("rate", "1/s", ({ count, ms }) => (count * 1_000) / ms),
    row("p50", "ms", ({ latencies }) => percentile(latencies, 0.5)),
    row("p99", "ms", ({ latencies }) => percentile(latencies, 0.99)),
    row("server processor time", "µs", ({ serverCpuMs, count }) => (serverCpuMs * 1_000) / count),
  ];
}

/** By a sender link, beside one connection of the peer with as many sends under way. */
async function besideLink(rig: Rig, peer: Peer): Promise<Row[]> {
  const { fleet, options, servers } = rig;
  const { inFlight } = options;
  const scenario = `sender-link-peers: ${peer.name}`;
  await peer.connect();
  await fleet.call("connect", "mesh", "answering");
  const send = await inTurns(
    rig,
    peer,
    (ms) => fleet.call("sendByLink", servers.key, ms, inFlight, "delivered"),
    (ms) => peer.send(ms, inFlight, 1),
  );
  await fleet.call("disconnect", "mesh");
  const store = await inTurns(
    rig,
    peer,
    (ms) => fleet.call("sendByLink", servers.key, ms, inFlight, "queued"),
    (ms) => peer.store(ms, inFlight, 1),
  );
  return [...rows(scenario, "send", send), ...rows(scenario, "queued send", store)];
}

async function beside(rig: Rig, peer: Peer): Promise<Row[]> {
  const { fleet, sender, options, devices } = rig;
  const { inFlight } = options;
  const scenario = `peers: ${peer.name}`;
  const before = residentKb(peer.pid);
  await peer.connect();
  const kb = (residentKb(peer.pid) - before) / devices;
  await fleet.call("connect", "mesh", "answering");
  const send = await inTurns(
    rig,
    peer,
    (ms) => sender.call("run", "mesh", ms, "ask"),
    (ms) => peer.send(ms, inFlight),
  );
  await fleet.call("disconnect", "mesh");
  const store = await inTurns(
    rig,
    peer,
    (ms) => sender.call("run", "mesh", ms, "store"),
    (ms) => peer.store(ms, inFlight),
  );
  const storm = await inTurns(
    rig,
    peer,
    (ms) => fleet.call("storm", "mesh", ms, inFlight),
    (ms) => peer.storm(ms, inFlight),
  );
  const lost = await peer.lostOnKill(KILL_COUNT);
  return [
    ...rows(scenario, "send", send),
    ...rows(scenario, "queued send", store),
    ...rows(scenario, "link", storm),
    ownRow(scenario, "resident memory of an idle device", "KiB", kb),
    ownRow(scenario, `lost of ${KILL_COUNT} by kill -9`, "messages", lost),
  ];
}

/** A figure of the peer alone: the mesh's is in the idle scenario, and in the tests that kill it. */
function ownRow(scenario: string, metric: string, unit: string, value: number): Row {
  return {
    scenario,
    metric,
    unit,
    value: Number.NaN,
    control: value,
    ratio: Number.NaN,
    samples: { value: [], control: [value] },
  };
}

const besidePeers = (
  name: string,
  measure: (rig: Rig, peer: Peer) => Promise<Row[]>,
): Scenario => ({
  name,
  async run(rig) {
    const folder = mkdtempSync(join(tmpdir(), "pushmesh-peers-"));
    const all: Row[] = [];
    try {
      for (const start of [mosquitto, nats]) {
        const own = join(folder, start.name);
        mkdirSync(own);
        const peer = await start(own, rig.devices);
        try {
          all.push(...(await measure(rig, peer)));
        } finally {
          peer.end();
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
    return all;
  },
});

export const peers = besidePeers("peers", beside);
export const senderLinkPeers = besidePeers("sender-link-peers", besideLink);
