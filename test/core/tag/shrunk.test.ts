/** A tag that was large once. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, TAG, World } from "./support/world.ts";

const ONCE = 400;

/** A deep tag of which everybody but the first has left, some time ago; its nodes stay while they remember a broadcast. */
async function shrunk(): Promise<World> {
  const world = new World({ nodeMembers: 2 });
  for (let n = 0; n < ONCE; n++) expect(await world.clock.until(world.device(n).join())).toBe(true);
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
  await world.broadcast({});
  await world.alarms(LIMITS.COUNT_DELAY_MS);
  for (let n = 1; n < ONCE; n++)
    expect(await world.clock.until(world.device(n).leave())).toBe(true);
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
  return world;
}

async function callsOf(world: World, key: Uint8Array): Promise<number> {
  world.calls.fanOut = 0;
  await world.broadcast({ key });
  await world.alarms(LIMITS.COUNT_DELAY_MS);
  return world.calls.fanOut;
}

test("B2 T2 costs as many node calls as a small one, and no more when it grows again", async () => {
  const world = await shrunk();
  expect(world.nodes).toBeGreaterThan(100);
  await world.device(0).link();
  const key = keyOf(3_000);
  expect(await callsOf(world, key)).toBeLessThanOrEqual(4);
  expect(await world.status(key)).toMatchObject({ members: 1, acknowledged: 1, status: "sent" });
  // Each of many is in an emptied node, and has all from its joining on, and nothing from before.
  for (let n = 1; n < 60; n++) {
    await world.device(n).link();
    expect(await world.clock.until(world.device(n).join(TAG, n % 3))).toBe(true);
    const newest = keyOf(3_000 + n);
    await world.broadcast({ key: newest });
    await world.clock.pass(50);
    expect(await world.status(newest)).toMatchObject({ members: n + 1, acknowledged: n + 1 });
  }
  for (let n = 1; n < 60; n++) {
    const all = Array.from({ length: 60 - n }, (_, at) => n + 2 + at);
    expect(world.device(n).shown.get(TAG)).toEqual(all);
  }
});

test("T1 a join that the node above cannot be told of is not answered, and is when it can", async () => {
  const world = await shrunk();
  const joining = [...Array(ONCE).keys()].map((n) => world.device(n + 1));
  world.outage = (callee) => (callee.includes(".") ? { at: "before", kind: "fails" } : null);
  const answered: boolean[] = [];
  for (const device of joining.slice(0, 40))
    answered.push(await world.clock.until(device.join(TAG, 2)));
  expect(answered).toContain(false);
  world.outage = null;
  for (const device of joining.slice(0, 40)) {
    await device.link();
    expect(await world.clock.until(device.join(TAG))).toBe(true);
  }
  const key = keyOf(3_100);
  await world.broadcast({ key });
  await world.alarms(60_000);
  for (const device of joining.slice(0, 40)) expect(device.shown.get(TAG)).toEqual([2]);
});
