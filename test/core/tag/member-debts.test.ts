/** Members that cannot be called: what their node owes them, and how it is counted. */
import { describe, expect, test } from "vitest";
import { nodeAlarmOf } from "../../../core/move/node.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { SimDevice } from "./support/device.ts";
import { keyOf, World } from "./support/world.ts";

const DRIVEN = LIMITS.DRIVE_LEVELS + 1;

async function withMembers(world: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await world.device(n).link();
    expect(await world.clock.until(world.device(n).join())).toBe(true);
  }
  await world.quiet();
}

const shown = (device: SimDevice) => (device.shown.get("news") ?? []).join();

const fails = () => {
  throw new Error("lost");
};

/** A member of a node that is not the root. */
function memberBelow(world: World, levels = 1): SimDevice {
  const nodes = world.members();
  const isBelow = ({ name }: SimDevice) =>
    (nodes.get(name)?.[0] ?? "").length >= world.nodeName("").length + levels;
  const found = [...world.devices.values()].find(isBelow);
  if (found === undefined) throw new Error("no member below the root");
  return found;
}

describe("a member that cannot be called for minutes", () => {
  test.each([
    ["of the root", 0],
    ["of a node below it", 1],
    ["of a node that another drives", DRIVEN],
  ])(
    "B8 %s has the broadcast when it can be, though no other follows, and nobody was failed",
    async (_, levels) => {
      const world = new World(levels === DRIVEN ? { nodeMembers: 1 } : { nodeMembers: 4 });
      const count = levels === DRIVEN ? 200 : 40;
      await withMembers(world, count);
      const lost = levels === 0 ? world.device(0) : memberBelow(world, levels);
      lost.outcome = fails;
      const key = keyOf(1_000);
      await world.broadcast({ key });
      await world.alarms(400_000);
      const owed = { status: "sending", owed: 1, failed: 0, finishedAt: null, remaining: 0 };
      expect(await world.status(key)).toMatchObject({ ...owed, acknowledged: count - 1 });
      // It lasts, over sleep and death of the nodes.
      world.evict();
      await world.alarms(400_000);
      expect(await world.status(key)).toMatchObject(owed);
      lost.outcome = null;
      await world.alarms(700_000);
      expect(shown(lost)).toBe("1");
      expect(await world.status(key)).toMatchObject({
        ...{ status: "sent", owed: 0, failed: 0, deferred: 1, acknowledged: count - 1 },
        ...{ members: count, attached: count, finishedAt: expect.any(Number) },
      });
    },
  );

  test("B8 outlasts a kill of its node", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const lost = memberBelow(world);
    lost.outcome = fails;
    const key = keyOf(1_001);
    await world.broadcast({ key });
    await world.alarms(100_000);
    world.kill();
    lost.outcome = null;
    // It is on its link all the while, and does not attach by itself.
    for (const device of world.devices.values()) if (device !== lost) await device.link();
    lost.linked = true;
    await world.alarms(700_000);
    expect(shown(lost)).toBe("1");
    expect(await world.status(key)).toMatchObject({ status: "sent", owed: 0, failed: 0 });
  });

  test("B8 is counted as offline where it turns out to be, and as deferred where it attached by itself", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const [gone, back] = [world.device(0), memberBelow(world)];
    for (const each of [gone, back]) each.outcome = fails;
    const key = keyOf(1_002);
    await world.broadcast({ key });
    await world.alarms(60_000);
    expect(await world.status(key)).toMatchObject({ status: "sending", owed: 2 });
    for (const each of [gone, back]) {
      each.outcome = null;
      each.lose();
    }
    await back.link();
    await world.alarms(700_000);
    expect(shown(back)).toBe("1");
    expect(await world.status(key)).toMatchObject({
      ...{ status: "sent", owed: 0, failed: 0, offline: 1, deferred: 1, acknowledged: 38 },
    });
  });

  test("B8 is counted as failed where it could not be until the broadcast expired, and is called no more", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const lost = [world.device(0), memberBelow(world)];
    for (const each of lost) each.outcome = fails;
    const key = keyOf(1_003);
    await world.broadcast({ key, ttlSeconds: 600 });
    await world.alarms(500_000);
    expect(await world.status(key)).toMatchObject({ status: "sending", owed: 2, failed: 0 });
    await world.alarms(700_000);
    expect(await world.status(key)).toMatchObject({ status: "sent", owed: 0, failed: 2 });
    const { deliver } = world.calls;
    await world.alarms(3_600_000);
    expect(world.calls.deliver).toBe(deliver);
  });

  test("B8 has all that came meanwhile, each counted by itself, and is tried once with each", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const lost = memberBelow(world);
    lost.outcome = fails;
    const keys = [keyOf(1_004), keyOf(1_005), keyOf(1_006)];
    for (const key of keys) {
      await world.broadcast({ key });
      await world.clock.pass(60_000);
    }
    for (const key of keys) expect(await world.status(key)).toMatchObject({ owed: 1, failed: 0 });
    lost.outcome = null;
    await world.alarms(700_000);
    expect(shown(lost)).toBe("1,2,3");
    for (const key of keys) {
      expect(await world.status(key)).toMatchObject({
        ...{ status: "sent", owed: 0, failed: 0, members: 40, acknowledged: 39, deferred: 1 },
      });
    }
  });

  test("P6.6 costs its node a row when it has it, and those that answer cost none", async () => {
    const world = new World();
    await withMembers(world, 3);
    const lost = world.device(1);
    lost.outcome = fails;
    const before = world.rows;
    await world.broadcast();
    await world.alarms(60_000);
    expect(world.rows - before).toBe(2);
    lost.outcome = null;
    await world.alarms(300_000);
    expect(world.rows - before).toBe(3);
  });

  test("M1 B8 is owed it by a copy of its node, which begins to pay at once", async () => {
    const world = new World();
    await withMembers(world, 3);
    world.device(1).outcome = fails;
    await world.broadcast();
    await world.alarms(60_000);
    const name = world.nodeName("");
    const store = world.stores.get(name);
    if (store === undefined) throw new Error("no root");
    expect(nodeAlarmOf(name, store, world.clock.now)).toBe(world.clock.now);
  });
});
