/**
 * `kill -9` of the mesh at random moments, while broadcasts go out, devices join and leave, and trees grow; then
 * everything is checked. With --calls, that share of the calls between objects fails, hangs or is late meanwhile.
 *
 *   node test/chaos/broadcast.ts [--host deno|workerd] [--seed N] [--rounds 50] [--devices 60] [--calls 0.02]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Fleet } from "./fleet.ts";
import { flap, nextVictim, ROUND_MS } from "./kill.ts";
import { brokenCalls, Mesh } from "./mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "./options.ts";
import { random as seeded } from "./random.ts";
import { drainTags } from "./tag-drain.ts";
import { TagLedger, type TagVerdict, tagSummary } from "./tag-ledger.ts";
import { TagLoad } from "./tag-load.ts";

/** So few to a node that a tag of 60 devices has children and theirs. */
const NODE_MEMBERS = 4;

/** How many kills fall into a surge of joins and leaves, and how far into it. */
const SURGES = 0.6;
const SURGE_MS = [0, 150] as const;

/** Each round kills once. */
export async function broadcast(options: ChaosOptions): Promise<TagVerdict> {
  const { host, seed, rounds, devices, calls = 0, log } = options;
  const random = seeded(seed);
  const nodes = { PUSHMESH_NODE_MEMBERS: `${NODE_MEMBERS}` };
  const mesh = await Mesh.start(host, { ...nodes, ...brokenCalls(host, calls) });
  const ledger = new TagLedger();
  const app = await mesh.app();
  const fleet = await Fleet.make({ url: mesh.url, appId: app.appId, count: devices, ledger });
  const sender = mesh.sender(app);
  const load = new TagLoad({ sender, devices: fleet.devices, ledger, random });
  const victims = nextVictim(mesh, random);
  try {
    for (let round = 1; round <= rounds; round++) {
      flap(fleet, random);
      // The random moment: part of the fault, not a wait for anything.
      await sleep(random.between(...ROUND_MS));
      if (random.chance(SURGES)) {
        load.surge();
        await sleep(random.between(...SURGE_MS));
      }
      const victim = victims();
      const killedAt = Date.now();
      await mesh.kill(victim);
      const backMs = Date.now() - killedAt;
      // Some devices learn that the mesh is back; the others wait for their next attempt.
      for (const device of fleet.devices) if (random.chance(0.5)) device.reconnectNow();
      log(
        `round ${round}: killed ${victim}, back in ${backMs} ms; ${ledger.ids().length} sent, ${ledger.missing} to be seen`,
      );
    }
    await load.suffice(rounds);
    await load.stop();
    await mesh.mend();
    return await drainTags(fleet, sender, ledger);
  } catch (error) {
    throw new Error(`the mesh said:\n${mesh.output}`, { cause: error });
  } finally {
    await load.stop().catch(() => {});
    await fleet.close();
    await mesh.stop();
  }
}

if (import.meta.main) await runFromCommandLine(broadcast, { rounds: 50, devices: 60 }, tagSummary);
