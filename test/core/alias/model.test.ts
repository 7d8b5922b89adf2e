import fc from "fast-check";
import { expect, it } from "vitest";
import { type Fault, fault } from "../support/faults.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { holderOf, World } from "./support/world.ts";

const DEVICES = 4;
const device = fc.nat(DEVICES - 1);
/** What a device does not wait for arrives at any time. */
const hears = fc.option(fc.constant(false), { nil: true, freq: 2 }).map((given) => given !== false);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      device,
      shared: fc.boolean(),
      hears,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unset" as const), device, hears }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), kept: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
);
/** Of the calls of devices' objects, in their order. */
const faults = fc.array(fc.option(fault, { freq: 2 }), { maxLength: 12 });
const RUNS = 300;

async function unlessDead(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!(error instanceof Error && error.message === World.DEATH)) throw error;
  }
}

/** Whether a promise is settled, with nothing under way that could settle it. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  const turn = new Promise<false>((resolve) => setTimeout(() => resolve(false)));
  return await Promise.race([settled, turn]);
}

/** Begins the steps in their order, lets everything under way go on in an order of the scheduler's, and checks it all. */
async function run(
  scheduler: fc.Scheduler,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  plan: readonly (Fault | null)[],
  onlyExclusive: boolean,
): Promise<void> {
  const world = new World(DEVICES, scheduler);
  world.faults = [...plan];
  const all: Promise<unknown>[] = [];
  for (const each of steps) {
    if (each.kind === "set")
      all.push(unlessDead(world.set(each.device, !onlyExclusive && each.shared, each.hears)));
    else if (each.kind === "unset") all.push(unlessDead(world.unset(each.device, each.hears)));
    else if (each.kind === "crash") {
      await scheduler.waitNext(Math.min(2, scheduler.count()));
      world.crash(each.kept);
    } else await scheduler.waitIdle();
  }
  // What a dead object had sent may still arrive, and what was given up may still be done.
  await scheduler.waitIdle();
  expect(await isSettled(Promise.all(all)), "all who asked were answered").toBe(true);
  world.check();
  // An alias that died may have forgotten which of what a device asked was late: the next send tells the device.
  if (!steps.some(({ kind }) => kind === "crash")) {
    await scheduler.waitFor(world.settled());
    const { holders } = await world.holders();
    const mine = world.devices.flatMap(({ mine }, i) => (mine ? [holderOf(i).device] : []));
    expect(holders.map(({ device }) => device).sort(), "those who say so hold it").toEqual(mine);
  }
  // Whatever happened, the next set that nothing disturbs makes all agree.
  world.faults = [];
  expect(await scheduler.waitFor(world.set(0))).toEqual({ ok: true });
  await scheduler.waitFor(world.settled());
  expect(world.devices.map(({ mine }) => mine)).toEqual([true, false, false, false]);
}

it.each([true, false])(
  "A1 no two devices hold an alias at once, whatever fails, dies or overtakes (never shared: %s)",
  async (onlyExclusive) => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 2, maxLength: 16 }),
        faults,
        (scheduler, steps, plan) => run(scheduler, steps, plan, onlyExclusive),
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);

it(
  "A1 a set that is refused changes nothing, in the end",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.uniqueArray(device, { minLength: 1 }),
        device,
        fc.boolean(),
        faults,
        async (scheduler, holders, setter, shared, plan) => {
          const world = new World(DEVICES, scheduler);
          for (const holder of holders) {
            await scheduler.waitFor(world.set(holder, holders.length > 1));
          }
          const before = await world.holders();
          world.faults = [...plan];
          const setting = world.set(setter, shared);
          await scheduler.waitIdle();
          expect(await isSettled(setting), "the setter was answered").toBe(true);
          const answer = await setting;
          await scheduler.waitFor(world.settled());
          if (answer.ok) return;
          expect(await world.holders()).toEqual(before);
          const mine = world.devices.flatMap(({ mine }, i) => (mine ? [i] : []));
          expect(mine).toEqual([...holders].sort());
          expect(world.devices.every(({ losses }) => losses === 0)).toBe(true);
        },
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);

it(
  "A3 once the alias says that all were told of a first acknowledgement, all were, whatever failed",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), device, faults, async (scheduler, first, plan) => {
        const world = new World(DEVICES, scheduler);
        for (let holder = 0; holder < DEVICES; holder++) {
          await scheduler.waitFor(world.set(holder, true));
        }
        world.faults = [...plan];
        const key = Uint8Array.of(7);
        // As a device does: again until it was told.
        const tell = (): Promise<void> => world.firstAck(first, key).catch(tell);
        const telling = tell();
        await scheduler.waitIdle();
        expect(await isSettled(telling), "the device was answered").toBe(true);
        const untold = world.devices.filter(({ withdrawn }) => withdrawn.length === 0);
        expect(untold).toEqual([world.devices[first]]);
      }),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
