import { describe, expect, test } from "vitest";
import { noCounts } from "../../../core/tag/outcome/counts.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { broadcastOf, keyOf, World } from "./support/world.ts";

async function withMembers(world: World, count: number, linked = true): Promise<void> {
  for (let n = 0; n < count; n++) {
    if (linked) await world.device(n).link();
    expect(await world.clock.until(world.device(n).join())).toBe(true);
  }
  await world.quiet();
}

const shownBy = (world: World): string[] =>
  [...world.devices.values()].map(({ shown }) => (shown.get("news") ?? []).join());

describe("a broadcast", () => {
  test("B1 reaches every member once, through a tree of many nodes", async () => {
    const world = new World({ nodeMembers: 5 });
    await withMembers(world, 200);
    expect(world.stores.size).toBeGreaterThan(20);
    const key = keyOf(900);
    await world.broadcast({ key });
    await world.quiet();
    expect(new Set(shownBy(world))).toEqual(new Set(["1"]));
    expect(await world.status(key)).toMatchObject({
      status: "sent",
      members: 200,
      attached: 200,
      delivered: 200,
      acknowledged: 200,
      remaining: 0,
      nodes: world.stores.size,
    });
  });

  test("B2 writes 2 rows at the root, 1 at each other node and none for a member", async () => {
    const world = new World({ nodeMembers: 10 });
    await withMembers(world, 100);
    const before = world.rows;
    world.calls = { deliver: 0, fanOut: 0, alarm: 0, join: 0, attach: 0, app: 0 };
    await world.broadcast();
    await world.quiet();
    expect(world.rows - before).toBe(2 + (world.stores.size - 1));
    expect(world.calls.deliver).toBe(100);
    expect(world.calls.fanOut).toBe(world.stores.size - 1);
  });

  test("B2 costs nothing for members that are offline", async () => {
    const world = new World({ nodeMembers: 10 });
    await withMembers(world, 50, false);
    world.calls.deliver = 0;
    await world.broadcast();
    await world.quiet();
    expect(world.calls.deliver).toBe(0);
  });

  test("B3 finds a member offline once, and calls it again only when it has attached", async () => {
    const world = new World();
    await withMembers(world, 3);
    world.device(1).lose();
    await world.broadcast();
    await world.quiet();
    expect(world.calls.deliver).toBe(3);
    await world.broadcast();
    await world.quiet();
    expect(world.calls.deliver).toBe(5);
    await world.device(1).link();
    expect(world.device(1).shown.get("news")).toEqual([1, 2]);
    const rows = world.rows;
    world.device(1).lose();
    await world.device(1).link();
    // It was marked attached already: a flapping device costs no row.
    expect(world.rows).toBe(rows);
  });

  test("B4 of one key is one broadcast", async () => {
    const world = new World();
    await withMembers(world, 2);
    const request = broadcastOf({});
    const first = await world.broadcast(request);
    expect(await world.broadcast(request)).toBe(first);
    await world.quiet();
    expect(await world.broadcast(request)).toBe(first);
    await world.quiet();
    expect(shownBy(world)).toEqual(["1", "1"]);
  });

  test("B5 is resumed after a kill at any point, and nodes that are done are not served again", async () => {
    const world = new World({ nodeMembers: 4, parallelNodes: 1 });
    await withMembers(world, 60);
    await world.broadcast({ pace: 100 });
    await world.clock.pass(300);
    const reached = shownBy(world).filter((shown) => shown === "1").length;
    expect(reached).toBeGreaterThan(5);
    expect(reached).toBeLessThan(55);
    world.calls.deliver = 0;
    world.kill();
    for (const device of world.devices.values()) await device.link();
    await world.quiet();
    expect(new Set(shownBy(world))).toEqual(new Set(["1"]));
    expect(world.calls.deliver).toBeLessThanOrEqual(60 - reached + 2 * 4);
  });

  test("B6 keeps its pace", async () => {
    const world = new World({ nodeMembers: 10, parallelNodes: 4 });
    await withMembers(world, 100);
    const from = world.clock.now;
    const key = keyOf(901);
    await world.broadcast({ pace: 20, key });
    await world.quiet();
    const status = await world.status(key);
    const tookMs = (status?.finishedAt ?? 0) - from;
    expect(tookMs).toBeGreaterThan(3_500);
    expect(tookMs).toBeLessThan(8_000);
  });

  test("B7 that is more urgent does not wait for one that is paced, and order per tag holds", async () => {
    const world = new World({ nodeMembers: 10, parallelNodes: 1 });
    await withMembers(world, 60);
    await world.broadcast({ pace: 10, lane: 3 });
    await world.clock.pass(500);
    const key = keyOf(902);
    await world.broadcast({ lane: 1, key });
    await world.quiet();
    const urgent = await world.status(key);
    expect(urgent?.status).toBe("sent");
    expect(new Set(shownBy(world))).toEqual(new Set(["1,2"]));
  });

  test("B7 B15 one that a more urgent one has brought along ends, and counts everybody once", async () => {
    const world = new World({ nodeMembers: 5, parallelNodes: 8 });
    await withMembers(world, 60);
    for (const device of world.devices.values()) device.silentMs = 300;
    const [slow, urgent] = [keyOf(930), keyOf(931)];
    await world.broadcast({ key: slow, pace: 20 });
    await world.clock.pass(500);
    await world.broadcast({ key: urgent, lane: 1 });
    await world.quiet();
    for (const key of [slow, urgent]) {
      const status = await world.status(key);
      const { attached, delivered, filtered, deferred, offline, failed } = status ?? noCounts();
      expect(status).toMatchObject({ status: "sent", attached: 60, remaining: 0 });
      expect(delivered + filtered + deferred + offline + failed).toBe(attached);
    }
    expect(new Set(shownBy(world))).toEqual(new Set(["1,2"]));
  });

  test("B8 tries a member again that could not be called, and once more with the next broadcast", async () => {
    const world = new World();
    await withMembers(world, 3);
    let calls = 0;
    world.device(0).outcome = () => {
      if (++calls < 3) throw new Error("lost");
      return null;
    };
    world.device(1).outcome = () => {
      throw new Error("broken");
    };
    const key = keyOf(903);
    await world.broadcast({ key });
    await world.quiet();
    expect(await world.status(key)).toMatchObject({
      ...{ status: "sending", acknowledged: 2, failed: 0, owed: 1, finishedAt: null },
    });
    // It was not forgotten: the next broadcast brings it what it lacks.
    world.device(1).outcome = null;
    await world.broadcast();
    await world.quiet();
    expect(shownBy(world)).toEqual(["1,2", "1,2", "1,2"]);
    const told = { status: "sent", acknowledged: 2, deferred: 1, failed: 0, owed: 0 };
    expect(await world.status(key)).toMatchObject(told);
  });

  test("B9 to several tags is handed on by the first, and is sent when it is at all of them", async () => {
    const world = new World();
    await world.device(0).link();
    await world.device(1).link();
    await world.clock.until(world.device(0).join("news"));
    await world.clock.until(world.device(1).join("sport"));
    const key = keyOf(904);
    const seq = await world.broadcast({ cover: ["news", "nobody", "sport"], key });
    await world.quiet();
    expect(world.device(0).shown.get("news")).toEqual([1]);
    expect(world.device(1).shown.get("sport")).toEqual([1]);
    expect(await world.status(key)).toMatchObject({ status: "sent", members: 2, acknowledged: 2 });
    // The ID that devices make of it is the sender's, whichever tag it came through.
    expect(await world.status(key, "sport")).toMatchObject({ seq });
  });

  test("B10 is refused where too many wait, and nothing else is disturbed", async () => {
    const world = new World({ nodeMembers: 2 });
    await withMembers(world, 4);
    let taken = 0;
    const refused = await (async () => {
      for (;;) {
        const answer = await world.clock.until(world.root().broadcast(broadcastOf({ pace: 1 })));
        if (!answer.ok) return answer;
        taken++;
      }
    })();
    expect(refused).toMatchObject({ code: "broadcast_rate" });
    expect(taken).toBe(LIMITS.LOG_ENTRIES / 2 + 1);
    await world.quiet();
    expect(shownBy(world)[0]?.split(",").length).toBe(taken);
  });

  test("B11 with ttl 0 reaches only who is there, and one that has expired nobody", async () => {
    const world = new World();
    await withMembers(world, 2);
    world.device(1).lose();
    await world.broadcast({ ttlSeconds: 0 });
    await world.quiet();
    await world.broadcast({ ttlSeconds: 10 });
    await world.quiet();
    await world.clock.pass(11_000);
    await world.device(1).link();
    expect(world.device(0).shown.get("news")).toEqual([1, 2]);
    expect(world.device(1).shown.get("news")).toBeUndefined();
  });

  test("B12 of one collapse key leaves only the newest for those who come back", async () => {
    const world = new World();
    await withMembers(world, 1);
    world.device(0).lose();
    for (let n = 0; n < 3; n++) await world.broadcast({ collapseKey: "score" });
    await world.broadcast();
    await world.quiet();
    await world.device(0).link();
    expect(world.device(0).shown.get("news")).toEqual([3, 4]);
  });

  test("B13 reaches live listeners at once, in order", async () => {
    const world = new World();
    await world.root().reportLive({ tag: "news", region: "eu", n: 0, listeners: 3 });
    const key = keyOf(905);
    await world.broadcast({ key });
    await world.broadcast();
    await world.quiet();
    expect([...world.liveNodes.values()].map(({ taken }) => taken)).toEqual([[1, 2]]);
    expect(await world.status(key)).toMatchObject({ listeners: 3, members: 0 });
  });

  test("V6 the root knows how many listen, also after it slept", async () => {
    const world = new World();
    await world.root().reportLive({ tag: "news", region: "eu", n: 0, listeners: 3 });
    await world.root().reportLive({ tag: "news", region: "na", n: 0, listeners: 3 });
    world.kill();
    expect(await world.root().info()).toMatchObject({ listeners: 6 });
    world.kill();
    const report = { tag: "news", region: "eu", n: 0, listeners: 10 };
    expect(await world.root().reportLive(report)).toMatchObject({ listeners: 13 });
  });
});

describe("devices that do not answer", () => {
  /** One of each node's members takes the broadcast and says so only after 5 s. */
  async function withSilent(members: number): Promise<World> {
    const world = new World({ nodeMembers: 10, parallelNodes: 8 });
    await withMembers(world, members);
    for (let n = 0; n < members; n += 7) world.device(n).silentMs = 5_000;
    return world;
  }

  test("B14 hold up nobody: the others have it at once, and the next broadcast does not wait", async () => {
    const world = await withSilent(150);
    const from = world.clock.now;
    const keys = [keyOf(910), keyOf(911), keyOf(912)];
    for (const key of keys) await world.broadcast({ key });
    await world.clock.pass(4_000);
    expect(new Set(shownBy(world))).toEqual(new Set(["1,2,3"]));
    await world.quiet();
    for (const key of keys) {
      const status = await world.status(key);
      expect(status).toMatchObject({ status: "sent", acknowledged: 150, remaining: 0 });
      expect((status?.finishedAt ?? 0) - from).toBeLessThan(20_000);
    }
  });

  test("B14 to one broadcast and at once to the next cost no call but one more a node", async () => {
    const world = await withSilent(60);
    const [first, second] = [keyOf(920), keyOf(921)];
    world.calls.fanOut = 0;
    await world.broadcast({ key: first });
    await world.clock.pass(200);
    for (const device of world.devices.values()) device.silentMs = 0;
    await world.broadcast({ key: second });
    await world.quiet();
    for (const key of [first, second]) {
      expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: 60 });
    }
    // Of each broadcast: one that calls the devices, and one that waits for their answers.
    expect(world.calls.fanOut).toBeLessThanOrEqual(4 * (world.nodes - 1));
  });

  test("B14 are counted by a node when it was begun anew", async () => {
    const world = await withSilent(60);
    const key = keyOf(913);
    await world.broadcast({ key });
    await world.clock.pass(1_000);
    world.kill();
    for (const device of world.devices.values()) await device.link();
    await world.quiet();
    expect(await world.status(key)).toMatchObject({ status: "sent", members: 60, failed: 0 });
    expect(new Set(shownBy(world))).toEqual(new Set(["1"]));
  });
});

test("B8 a clock that is set back holds up neither who is tried again nor the counts", async () => {
  const world = new World();
  await withMembers(world, 3);
  let calls = 0;
  world.device(0).outcome = () => {
    if (++calls < 3) throw new Error("lost");
    return null;
  };
  const key = keyOf(930);
  await world.broadcast({ key });
  await world.clock.pass(100);
  world.clock.setBack(3_600_000);
  await world.clock.pass(30_000);
  expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: 3 });
});
