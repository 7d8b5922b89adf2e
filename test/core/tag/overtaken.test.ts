/** Broadcasts that a more urgent one overtakes, and brings along. */
import { expect, test } from "vitest";
import { broadcastOf, keyOf, TAG, World } from "./support/world.ts";

const MEMBERS = 40;

/** A tag of 40 members, all of them there. */
async function crowd(nodeMembers: number): Promise<World> {
  const world = new World({ nodeMembers, parallelNodes: 2 });
  for (let n = 0; n < MEMBERS; n++) {
    await world.device(n).link();
    expect(await world.clock.until(world.device(n).join())).toBe(true);
  }
  await world.quiet();
  return world;
}

const shownBy = (world: World) =>
  new Set([...world.devices.values()].map(({ shown }) => (shown.get(TAG) ?? []).join()));

test.each([100, 5])(
  "B11 B15 one of ttl 0 reaches all who are there though it is overtaken, and counts them: nodes of %i",
  async (nodeMembers) => {
    const world = await crowd(nodeMembers);
    const [now, urgent] = [keyOf(1_000), keyOf(1_001)];
    await world.broadcast({ key: now, ttlSeconds: 0, pace: 10, lane: 3 });
    await world.clock.pass(1_000);
    await world.broadcast({ key: urgent, lane: 1 });
    await world.quiet();
    expect(shownBy(world)).toEqual(new Set(["1,2"]));
    for (const key of [now, urgent]) {
      const ends = { attached: MEMBERS, delivered: MEMBERS, acknowledged: MEMBERS, failed: 0 };
      expect(await world.status(key)).toMatchObject({ status: "sent", remaining: 0, ...ends });
    }
  },
);

test("B7 one that is more urgent waits for no slice of another", async () => {
  const world = await crowd(100);
  const key = keyOf(1_005);
  await world.broadcast({ pace: 1, lane: 3 });
  await world.clock.pass(500);
  const from = world.clock.now;
  await world.broadcast({ key, lane: 1 });
  await world.clock.pass(500);
  expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: MEMBERS });
  expect(((await world.status(key))?.finishedAt ?? 0) - from).toBeLessThan(200);
  await world.quiet();
  expect(shownBy(world)).toEqual(new Set(["1,2"]));
});

test("B15 one that is brought along counts whom it was not for, not whom the other was for", async () => {
  const world = await crowd(5);
  for (let n = 0; n < MEMBERS; n += 2) world.device(n).leftOut.add(1);
  const [slow, urgent] = [keyOf(1_010), keyOf(1_011)];
  await world.broadcast({ key: slow, pace: 10, lane: 3 });
  await world.clock.pass(500);
  await world.broadcast({ key: urgent, lane: 1 });
  await world.quiet();
  expect(await world.status(slow)).toMatchObject({
    ...{ status: "sent", attached: MEMBERS, filtered: MEMBERS / 2, acknowledged: MEMBERS / 2 },
    ...{ delivered: MEMBERS / 2, deferred: 0, failed: 0 },
  });
  expect(await world.status(urgent)).toMatchObject({ acknowledged: MEMBERS });
});

test("B15 who has one of its collapse key instead, or is reached too late, did not fail", async () => {
  const world = await crowd(100);
  const [replaced, late] = [keyOf(1_020), keyOf(1_021)];
  await world.broadcast({ key: replaced, pace: 10, lane: 3, collapseKey: "k" });
  await world.clock.pass(1_000);
  await world.broadcast({ lane: 1, collapseKey: "k" });
  await world.quiet();
  const first = await world.status(replaced);
  expect(first).toMatchObject({ status: "sent", attached: MEMBERS, failed: 0 });
  expect(first?.collapsed).toBeGreaterThan(20);
  expect((first?.collapsed ?? 0) + (first?.acknowledged ?? 0)).toBe(MEMBERS);

  await world.broadcast({ key: late, pace: 10, ttlSeconds: 2 });
  await world.quiet();
  const second = await world.status(late);
  expect(second).toMatchObject({ status: "sent", attached: MEMBERS, failed: 0 });
  expect(second?.expired).toBeGreaterThan(10);
  expect((second?.expired ?? 0) + (second?.acknowledged ?? 0)).toBe(MEMBERS);

  // They are called with the next one, and need not fetch it.
  world.calls.attach = 0;
  const next = keyOf(1_022);
  await world.broadcast({ key: next });
  await world.quiet();
  expect(await world.status(next)).toMatchObject({ acknowledged: MEMBERS, deferred: 0 });
  expect(world.calls.attach).toBe(0);
});

test("B11 who attaches before its turn has it, once its turn is over nobody has it later", async () => {
  const world = await crowd(100);
  const [before, after] = [world.device(50), world.device(51)];
  for (const each of [before, after]) await world.clock.until(each.join());
  const key = keyOf(1_030);
  await world.broadcast({ lane: 3, pace: 5 });
  await world.clock.pass(100);
  await world.clock.until(world.root().broadcast(broadcastOf({ key, ttlSeconds: 0, lane: 3 })));
  await world.clock.until(before.link());
  await world.quiet();
  await world.clock.until(after.link());
  expect(before.shown.get(TAG)).toEqual([1, 2]);
  expect(after.shown.get(TAG)).toEqual([1]);
});

test("B11 B15 who attaches while its call gets no answer has it, and is counted as one that fetched it", async () => {
  const world = await crowd(100);
  const key = keyOf(1_040);
  const device = world.device(0);
  world.outage = (callee) => (callee === device.name ? { at: "before", kind: "hangs" } : null);
  await world.clock.until(world.root().broadcast(broadcastOf({ key, ttlSeconds: 0 })));
  await world.clock.pass(1_000);
  device.lose();
  await world.clock.until(device.link());
  expect(device.shown.get(TAG)).toEqual([1]);
  await world.quiet();
  const ends = { acknowledged: MEMBERS - 1, delivered: MEMBERS - 1, deferred: 1, failed: 0 };
  expect(await world.status(key)).toMatchObject({ status: "sent", attached: MEMBERS, ...ends });
});

test("B11 it is for who was there when it was accepted, though the node heard of it later", async () => {
  const world = await crowd(100);
  const late = world.device(50);
  await world.clock.until(late.join());
  const since = world.clock.now;
  await world.broadcast({ ttlSeconds: 0 });
  await world.quiet();
  const attach = async (more: { readonly since?: number; readonly called?: number[] }) => {
    const answer = await world.root().attach({ device: late.name, after: 0, ...more });
    return "kind" in answer && answer.kind === "attached" ? answer.entries.length : null;
  };
  expect(await attach({})).toBe(0);
  expect(await attach({ since: since + 60_000 })).toBe(0);
  expect(await attach({ called: [1] })).toBe(1);
  expect(await attach({ since })).toBe(1);
  await world.clock.pass(60_000);
  expect(await attach({ since })).toBe(0);
});
