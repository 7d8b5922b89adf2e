/** Broadcasts that one root has from its sender and gives to the roots of other tags. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, TAG, World } from "./support/world.ts";

const OTHER = "b";
const BOTH = [TAG, OTHER];

/** One member of each tag, both there; the root of the other tag can be broken. */
async function twoTags(): Promise<World> {
  const world = new World();
  for (const [n, tag] of BOTH.entries()) {
    await world.device(n).link();
    expect(await world.clock.until(world.device(n).join(tag))).toBe(true);
  }
  await world.quiet();
  return world;
}

function breakOther(world: World, kind: "fails" | "hangs"): void {
  world.outage = (callee) => (callee === world.nodeName("", OTHER) ? { at: "before", kind } : null);
}

const shown = (world: World) => BOTH.map((tag, n) => world.device(n).shown.get(tag) ?? []);

test.each(["fails", "hangs"] as const)(
  "B9 B22 a root whose calls %s holds up its own tag alone, and gets all in order later",
  async (kind) => {
    const world = await twoTags();
    breakOther(world, kind);
    const [both, again] = [keyOf(2_000), keyOf(2_001)];
    await world.broadcast({ cover: BOTH, key: both });
    await world.broadcast({ cover: BOTH, key: again });
    await world.broadcast({});
    await world.clock.pass(20_000);
    expect(shown(world)).toEqual([[1, 2, 3], []]);
    expect(await world.status(both)).toMatchObject({ status: "sending", owed: 1, acknowledged: 1 });
    // It outlasts the process.
    world.kill();
    for (const device of world.devices.values()) await device.link();
    world.outage = null;
    await world.alarms(600_000);
    expect(shown(world)).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    const ends = { status: "sent", owed: 0, unreached: 0, members: 2, acknowledged: 2 };
    for (const key of [both, again]) expect(await world.status(key)).toMatchObject(ends);
  },
);

test.each(["fails", "hangs"] as const)(
  "B9 B15 a root whose calls %s, and that has the broadcast, hangs no status, and is owed its answer",
  async (kind) => {
    const world = await twoTags();
    const key = keyOf(2_030);
    await world.broadcast({ cover: BOTH, key });
    await world.quiet();
    expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: 2 });
    breakOther(world, kind);
    const at = world.clock.now;
    const told = { status: "sending", owed: 1, unreached: 0, acknowledged: 1, finishedAt: null };
    expect(await world.status(key)).toMatchObject(told);
    expect(world.clock.now - at).toBeLessThanOrEqual(5_000);
    world.outage = null;
    expect(await world.status(key)).toMatchObject({ status: "sent", owed: 0, acknowledged: 2 });
  },
);

test("B9 a tag that is full holds up no other, and is told apart from one that took it", async () => {
  const world = await twoTags();
  for (let n = 2; n < 22; n++) {
    await world.device(n).link();
    await world.clock.until(world.device(n).join(OTHER));
  }
  for (let n = 0; n < LIMITS.LOG_ENTRIES / 2 + 1; n++) {
    await world.broadcast({ cover: [OTHER], pace: 1 });
  }
  const key = keyOf(2_010);
  await world.broadcast({ cover: BOTH, key });
  await world.clock.pass(100);
  expect(shown(world)[0]).toEqual([1]);
  expect(await world.status(key)).toMatchObject({ owed: 1 });
  await world.alarms(2_000_000);
  expect(await world.status(key)).toMatchObject({ status: "sent", owed: 0, acknowledged: 22 });
});

test("B9 B15 what expires before another tag takes it is said to have reached that tag not", async () => {
  const world = await twoTags();
  breakOther(world, "fails");
  const [short, now] = [keyOf(2_020), keyOf(2_021)];
  await world.broadcast({ cover: BOTH, key: short, ttlSeconds: 60 });
  await world.broadcast({ cover: BOTH, key: now, ttlSeconds: 0 });
  await world.alarms(900_000);
  const ends = { status: "sent", owed: 0, unreached: 1, members: 1, acknowledged: 1 };
  for (const key of [short, now]) expect(await world.status(key)).toMatchObject(ends);
});

test("B10 only what waits counts as waiting: a slow one that is overtaken does not fill the tag", async () => {
  const world = new World();
  for (let n = 0; n < 40; n++) {
    await world.device(n).link();
    await world.clock.until(world.device(n).join());
  }
  await world.broadcast({ pace: 1, lane: 3 });
  for (let n = 0; n < 2 * LIMITS.LOG_ENTRIES; n++) {
    await world.broadcast({ lane: 1 });
    await world.clock.pass(100);
  }
  await world.quiet();
  expect(world.device(39).shown.get(TAG)?.length).toBe(2 * LIMITS.LOG_ENTRIES + 1);
});
