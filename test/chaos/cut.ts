/**
 * The network between devices and mesh breaks at random, under load; then everything is checked.
 *
 *   node test/chaos/cut.ts [--host deno|workerd] [--seed N] [--rounds 20] [--devices 24]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "./drain.ts";
import { Fleet } from "./fleet.ts";
import { Ledger, summary, type Verdict } from "./ledger.ts";
import { Load } from "./load.ts";
import { Mesh } from "./mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "./options.ts";
import { type Fault, FaultyProxy } from "./proxy.ts";
import { random as seeded } from "./random.ts";
import { until } from "./wait.ts";

/** Between two faults. */
const PAUSE_MS = [50, 250] as const;
/** Until some device has noticed that its link is dead, and opened another (see fleet.ts). */
const RECONNECT_MS = 20_000;
/** Faults of one round, as a share of the devices: a silent one takes seconds to be noticed and mended. */
const FAULTS_PER_DEVICE = 0.5;

/** Each round breaks some connections, one after another. */
export async function cut({ host, seed, rounds, devices, log }: ChaosOptions): Promise<Verdict> {
  const random = seeded(seed);
  const mesh = await Mesh.start(host);
  const proxy = await FaultyProxy.start(mesh.url);
  const ledger = new Ledger();
  const app = await mesh.app();
  const fleet = await Fleet.make({ url: proxy.url, appId: app.appId, count: devices, ledger });
  const sender = mesh.sender(app);
  const load = new Load({ sender, devices: fleet.devices, ledger, random });
  try {
    for (let round = 1; round <= rounds; round++) {
      const faults = new Map<Fault, number>();
      for (let i = Math.ceil(devices * FAULTS_PER_DEVICE); i > 0; i--) {
        // The random moment: part of the fault, not a wait for anything.
        await sleep(random.between(...PAUSE_MS));
        let fault: Fault | undefined;
        const broken = (): boolean => {
          fault = proxy.breakOne(random);
          return fault !== undefined;
        };
        await until("a connection that is whole", broken, RECONNECT_MS);
        if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
      }
      const counts = [...faults].map(([fault, count]) => `${count} ${fault}`).join(", ");
      log(`round ${round}: ${counts}; ${ledger.missing} to be seen`);
    }
    await load.suffice(rounds);
    await load.stop();
    proxy.heal();
    return await drain(fleet, sender, ledger);
  } catch (error) {
    throw new Error(`the mesh said:\n${mesh.output}`, { cause: error });
  } finally {
    await load.stop().catch(() => {});
    await fleet.close();
    proxy.stop();
    await mesh.stop();
  }
}

if (import.meta.main) await runFromCommandLine(cut, { rounds: 20, devices: 24 }, summary);
