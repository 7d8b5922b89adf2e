/** Requests of `firstAckWins` and their repetitions while devices join a shared alias, leave it and take what rings. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Fault, fault } from "../support/faults.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { Edges } from "./support/edges.ts";
import { World } from "./support/world.ts";

const DEVICES = 3;
const EDGES = 2;
const KEYS = 2;
const RUNS = 300;

const device = fc.nat(DEVICES - 1);
const key = fc.nat(KEYS - 1);
const edge = fc.nat(EDGES - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("join" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), device }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("send" as const), edge, key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("take" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), kept: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const faults = fc.array(fc.option(fault, { freq: 2 }), { maxLength: 12 });

async function unlessDead(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!(error instanceof Error && error.message === World.DEATH)) throw error;
  }
}

async function run(
  scheduler: fc.Scheduler,
  steps: readonly Step[],
  plan: readonly (Fault | null)[],
): Promise<void> {
  const world = new World(DEVICES, scheduler);
  const edges = new Edges(world);
  world.faults = [...plan];
  const all: Promise<unknown>[] = [];
  const left = new Set<number>();
  for (const each of steps) {
    if (each.kind === "join") {
      // A call that was on its way before it left reaches it as a holder again: nobody but it could tell.
      if (left.has(each.device)) await scheduler.waitIdle();
      all.push(unlessDead(world.set(each.device, true)));
    } else if (each.kind === "leave") {
      left.add(each.device);
      all.push(unlessDead(world.unset(each.device)));
    } else if (each.kind === "send") all.push(unlessDead(edges.send(each.edge, each.key)));
    else if (each.kind === "take") all.push(edges.take(each.device));
    else if (each.kind === "crash") {
      await scheduler.waitNext(Math.min(2, scheduler.count()));
      world.crash(each.kept);
    } else await scheduler.waitIdle();
  }
  await scheduler.waitIdle();
  await Promise.all(all);
  expect(edges.wrongs).toEqual([]);
  // Nor does a repetition ring that nothing disturbs.
  world.faults = [];
  for (let n = 0; n < KEYS; n++) await scheduler.waitFor(edges.send(n % EDGES, n));
  await scheduler.waitIdle();
  expect(edges.rings).toEqual([]);
}

it(
  "A3 P2.2 what one holder has taken nobody takes again, however often it is sent, whoever joins or leaves, and whatever fails or dies",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 3, maxLength: 20 }),
        faults,
        run,
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
