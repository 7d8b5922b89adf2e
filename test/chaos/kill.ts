/**
 * `kill -9` of the mesh at random moments under load, to devices online and offline; then everything is checked.
 *
 *   node test/chaos/kill.ts [--host deno|workerd] [--seed N] [--rounds 20] [--devices 24]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "./drain.ts";
import { Fleet } from "./fleet.ts";
import { Ledger, summary, type Verdict } from "./ledger.ts";
import { Load } from "./load.ts";
import { Mesh, type Victim } from "./mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "./options.ts";
import { type Random, random as seeded } from "./random.ts";

/** From a start to the next kill. */
export const ROUND_MS = [150, 2_000] as const;
/** The supervisor gives up a workerd that ends more than 5 times in a row within a minute. */
const WORKERD_KILLS = 4;

/** Each round kills once. */
export async function kill({ host, seed, rounds, devices, log }: ChaosOptions): Promise<Verdict> {
  const random = seeded(seed);
  const mesh = await Mesh.start(host);
  const ledger = new Ledger();
  const app = await mesh.app();
  const fleet = await Fleet.make({ url: mesh.url, appId: app.appId, count: devices, ledger });
  const sender = mesh.sender(app);
  const load = new Load({ sender, devices: fleet.devices, ledger, random });
  try {
    const victims = nextVictim(mesh, random);
    for (let round = 1; round <= rounds; round++) {
      flap(fleet, random);
      // The random moment: part of the fault, not a wait for anything.
      await sleep(random.between(...ROUND_MS));
      const victim = victims();
      const killedAt = Date.now();
      await mesh.kill(victim);
      const backMs = Date.now() - killedAt;
      // Some devices learn that the mesh is back; the others wait for their next attempt.
      for (const device of fleet.devices) if (random.chance(0.5)) device.reconnectNow();
      log(`round ${round}: killed ${victim}, back in ${backMs} ms; ${ledger.missing} to be seen`);
    }
    await load.suffice(rounds);
    await load.stop();
    return await drain(fleet, sender, ledger);
  } catch (error) {
    throw new Error(`the mesh said:\n${mesh.output}`, { cause: error });
  } finally {
    await load.stop().catch(() => {});
    await fleet.close();
    await mesh.stop();
  }
}

/** Whom to kill, again and again. */
export function nextVictim(mesh: Mesh, random: Random): () => Victim {
  let workerdKills = 0;
  return () => {
    const [first, ...others] = mesh.victims;
    const more = others.filter((one) => one !== "workerd" || workerdKills < WORKERD_KILLS);
    const victim = random.pick([first, ...more]);
    workerdKills = victim === "workerd" ? workerdKills + 1 : 0;
    return victim;
  };
}

/** Some devices go offline, some come back. */
export function flap(fleet: Fleet, random: Random): void {
  for (const device of fleet.devices) {
    if (!random.chance(0.4)) continue;
    void device.setOnline(!device.online);
  }
}

if (import.meta.main) await runFromCommandLine(kill, { rounds: 20, devices: 24 }, summary);
