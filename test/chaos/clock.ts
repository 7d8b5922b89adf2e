/**
 * The mesh's wall clock jumps back and forth at random moments under load, and now and then the mesh is killed and
 * comes back at another time; then everything is checked.
 *
 *   node test/chaos/clock.ts --host deno [--seed N] [--rounds 20] [--devices 24]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "./drain.ts";
import { FakeClock } from "./fake-clock.ts";
import { Fleet } from "./fleet.ts";
import { Ledger, summary, type Verdict } from "./ledger.ts";
import { Load } from "./load.ts";
import { Mesh } from "./mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "./options.ts";
import { random as seeded } from "./random.ts";

/** From one jump to the next. */
const ROUND_MS = [150, 1_500] as const;
/**
 * The furthest from the right time. Far beyond the tolerance for signatures and tokens; from one end to the other is
 * still shorter than the load's ttl of an hour, so that nothing may expire.
 */
const OFFSET_SECONDS = 25 * 60;

/** Each round jumps once. */
export async function clock(options: ChaosOptions): Promise<Verdict> {
  const { host, seed, rounds, devices, log } = options;
  // It is started with no environment but its secrets: no clock can be set between it and the system.
  if (host === "workerd") throw new Error("workerd keeps the machine's clock: give --host deno.");
  const random = seeded(seed);
  const time = new FakeClock();
  const mesh = await Mesh.start(host, time.env);
  const ledger = new Ledger();
  const app = await mesh.app();
  const fleet = await Fleet.make({ url: mesh.url, appId: app.appId, count: devices, ledger });
  // It signs by the mesh's time: one that did not would be refused, and show nothing.
  const sender = mesh.sender(app, time.now);
  const passing = ["signature_expired"] as const;
  const load = new Load({ sender, devices: fleet.devices, ledger, random, passing });
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const device of fleet.devices)
        if (random.chance(0.3)) void device.setOnline(!device.online);
      // The random moment: part of the fault, not a wait for anything.
      await sleep(random.between(...ROUND_MS));
      const seconds = random.between(-OFFSET_SECONDS, OFFSET_SECONDS);
      time.set(seconds);
      const killed = random.chance(0.25);
      if (killed) await mesh.kill("machine");
      log(
        `round ${round}: ${seconds} s off${killed ? ", killed" : ""}; ${ledger.missing} to be seen`,
      );
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
    time.remove();
  }
}

if (import.meta.main) await runFromCommandLine(clock, { rounds: 20, devices: 24 }, summary);
