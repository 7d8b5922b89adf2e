/**
 * `npm run bench`: measures the mesh against a control, side by side on this machine (docs/benchmarks.md).
 * `npm run bench -- simulate` measures nothing: see simulate/main.ts.
 * The table goes to stdout, progress to stderr.
 */
import { writeFileSync } from "node:fs";
import { type Options, readOptions, USAGE, UsageError } from "./options.ts";
import { formatTable, type Row } from "./report.ts";
import { Rig } from "./rig.ts";
import { batch, batchRaw } from "./scenarios/batch.ts";
import { broadcastDevices } from "./scenarios/broadcast-devices.ts";
import { broadcastLive } from "./scenarios/broadcast-live.ts";
import { broadcastPeers } from "./scenarios/broadcast-peers.ts";
import { broadcastSealed } from "./scenarios/broadcast-sealed.ts";
import { connectStorm } from "./scenarios/connect-storm.ts";
import { idle } from "./scenarios/idle.ts";
import { peers, senderLinkPeers } from "./scenarios/peers.ts";
import { replay } from "./scenarios/replay.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { sendDuringBroadcast } from "./scenarios/send-during-broadcast.ts";
import { sendEd25519 } from "./scenarios/send-ed25519.ts";
import { sendOffline } from "./scenarios/send-offline.ts";
import { sendOnline, sendOnlineAnswered } from "./scenarios/send-online.ts";
import { sendSealed } from "./scenarios/send-sealed.ts";
import { senderLink } from "./scenarios/sender-link.ts";
import { simulateMain } from "./simulate/main.ts";

const SCENARIOS: readonly Scenario[] = [
  sendOnline,
  sendOnlineAnswered,
  sendEd25519,
  sendSealed,
  sendOffline,
  batch,
  batchRaw,
  senderLink,
  replay,
  connectStorm,
  idle,
  broadcastDevices,
  broadcastSealed,
  broadcastLive,
  sendDuringBroadcast,
  peers,
  broadcastPeers,
  senderLinkPeers,
];

const BESIDE_PEERS = new Set([peers.name, broadcastPeers.name, senderLinkPeers.name]);

async function main(): Promise<void> {
  const names = SCENARIOS.map(({ name }) => name);
  const options = readOptions(process.argv.slice(2), names);
  const chosen = SCENARIOS.filter(({ name }) => {
    // Peers have to be installed first, so they run only where they are asked for.
    return options.scenarios.length === 0
      ? !BESIDE_PEERS.has(name)
      : options.scenarios.includes(name);
  });
  const rows: Row[] = [];
  try {
    for (const scenario of chosen) {
      process.stderr.write(`${scenario.name} …\n`);
      rows.push(...(await run(scenario, options)));
    }
  } finally {
    // Also where a later one failed: these took minutes.
    const text = `${JSON.stringify(rows, null, 2)}\n`;
    if (options.json !== undefined) writeFileSync(options.json, text);
    process.stdout.write(formatTable(rows));
  }
}

/** On servers of its own: no scenario measures what another left behind. */
async function run(scenario: Scenario, options: Options): Promise<Row[]> {
  const rig = await Rig.open(options, scenario);
  try {
    return await scenario.run(rig);
  } finally {
    rig.close();
  }
}

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === "simulate") await simulateMain(rest);
  else await main();
} catch (error) {
  const wrongUse = error instanceof UsageError;
  process.stderr.write(`${wrongUse ? `${error.message}\n${USAGE}` : (error as Error).stack}\n`);
  process.exitCode = wrongUse ? 2 : 1;
}
