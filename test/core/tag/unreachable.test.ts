/** Nodes and live nodes that cannot be reached: what is owed to them, and that nobody else waits for it. */
import { describe, expect, test } from "vitest";
import { nodeAlarmOf, readNode, writeNode } from "../../../core/move/node.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { MemoryTagStore } from "./support/memory-tag-store.ts";
import { keyOf, World } from "./support/world.ts";

const OUTAGE = { at: "before", kind: "fails" } as const;
const HANG = { at: "before", kind: "hangs" } as const;

async function withMembers(world: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await world.device(n).link();
    expect(await world.clock.until(world.device(n).join())).toBe(true);
  }
  await world.quiet();
}

const shownBy = (world: World): Map<string, string> =>
  new Map(
    [...world.devices.values()].map((each) => [each.name, (each.shown.get("news") ?? []).join()]),
  );

/** Members of one child of the root, and everybody else. */
function partsOf(world: World, child: string): { below: string[]; others: string[] } {
  const nodes = world.members();
  const isBelow = (name: string) => (nodes.get(name)?.[0] ?? "").startsWith(child);
  const names = [...world.devices.values()].map(({ name }) => name);
  return {
    below: names.filter(isBelow),
    others: names.filter((name) => !isBelow(name)),
  };
}

/** A child of the root with members. */
const someChild = (world: World): string =>
  [...world.stores.keys()].find((name) => name.length === world.nodeName("").length + 1) ?? "";

describe("a node that cannot be reached", () => {
  test.each([
    ["fails", OUTAGE],
    ["hangs", HANG],
  ])(
    "B1 B24 that %s for minutes has the broadcast when it is back, and it is not final before",
    async (_, fault) => {
      const world = new World({ nodeMembers: 4 });
      await withMembers(world, 40);
      const child = someChild(world);
      const { below, others } = partsOf(world, child);
      expect(below.length).toBeGreaterThan(1);
      world.outage = (callee) => (callee === child ? fault : null);
      const key = keyOf(800);
      await world.broadcast({ key });
      await world.clock.pass(180_000);
      for (const name of others) expect(shownBy(world).get(name)).toBe("1");
      for (const name of below) expect(shownBy(world).get(name)).toBe("");
      expect(await world.status(key)).toMatchObject({
        ...{ status: "sending", owed: 1, finishedAt: null, failed: 0 },
        acknowledged: others.length,
      });
      // It lasts: over the death of the root, too.
      world.kill();
      for (const device of world.devices.values()) await device.link();
      await world.alarms(60_000);
      expect(await world.status(key)).toMatchObject({ status: "sending", owed: 1 });
      world.outage = null;
      await world.quiet();
      for (const [, shown] of shownBy(world)) expect(shown).toBe("1");
      expect(await world.status(key)).toMatchObject({
        ...{ status: "sent", owed: 0, unreached: 0, members: 40 },
        nodes: world.nodes,
      });
    },
  );

  test("B24 holds up no other node, and has all that came meanwhile behind it, in order", async () => {
    const world = new World({ nodeMembers: 4, parallelNodes: 8 });
    await withMembers(world, 40);
    const child = someChild(world);
    const { others } = partsOf(world, child);
    world.outage = (callee) => (callee === child ? HANG : null);
    const keys = [keyOf(801), keyOf(802), keyOf(803)];
    for (const key of keys) await world.broadcast({ key });
    await world.clock.pass(180_000);
    const { calls } = world;
    const before = calls.fanOut;
    const at = world.clock.now;
    await world.broadcast();
    await world.clock.pass(100);
    // It is not called for what comes while it is owed something.
    expect(calls.fanOut - before).toBeLessThan(world.nodes);
    for (const name of others) expect(shownBy(world).get(name)).toBe("1,2,3,4");
    expect(world.clock.now - at).toBe(100);
    world.outage = null;
    await world.quiet();
    for (const [, shown] of shownBy(world)) expect(shown).toBe("1,2,3,4");
    for (const key of keys) {
      expect(await world.status(key)).toMatchObject({ status: "sent", members: 40, owed: 0 });
    }
  });

  test("B24 that is not back when the broadcast expires is told as unreached, and nothing is tried any more", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const child = someChild(world);
    world.outage = (callee) => (callee === child ? OUTAGE : null);
    const key = keyOf(804);
    await world.broadcast({ key, ttlSeconds: 600 });
    await world.quiet();
    expect(await world.status(key)).toMatchObject({ status: "sending", owed: 1 });
    await world.alarms(600_000);
    expect(await world.status(key)).toMatchObject({
      ...{ status: "sent", owed: 0, unreached: 1, failed: 0 },
      finishedAt: expect.any(Number),
    });
    const before = world.calls.fanOut;
    await world.clock.pass(3_600_000);
    await world.quiet();
    expect(world.calls.fanOut).toBe(before);
  });

  test("B24 below a node that drives it is owed the broadcast by the root", async () => {
    const world = new World({ nodeMembers: 1 });
    await withMembers(world, 200);
    const depth = world.nodeName("").length + LIMITS.DRIVE_LEVELS + 1;
    const deep = [...world.stores.keys()].find((name) => name.length === depth) ?? "";
    expect(deep).not.toBe("");
    world.outage = (callee) => (callee === deep ? HANG : null);
    const key = keyOf(805);
    await world.broadcast({ key });
    await world.clock.pass(300_000);
    expect(await world.status(key)).toMatchObject({ status: "sending", owed: 1 });
    world.outage = null;
    await world.quiet();
    expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: 200 });
  });

  test("M1 B24 is owed it by the root's copy, which begins to pay at once", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const child = someChild(world);
    world.outage = (callee) => (callee === child ? OUTAGE : null);
    await world.broadcast();
    await world.clock.pass(60_000);
    const name = world.nodeName("");
    const copy = new MemoryTagStore();
    writeNode(name, copy, readNode(name, world.stores.get(name) ?? copy));
    expect(copy.readNode()?.debts).toEqual([{ path: child.slice(name.length), position: 1 }]);
    expect(nodeAlarmOf(name, copy, world.clock.now)).toBe(world.clock.now);
  });

  test("P8.1 the root keeps so many debts, and gives the oldest up for one more", async () => {
    const world = new World({ nodeMembers: 4 });
    await withMembers(world, 40);
    const child = someChild(world);
    const store = world.stores.get(world.nodeName(""));
    const record = store?.readNode();
    if (store === undefined || record == null) throw new Error("no root");
    const key = keyOf(806);
    await world.broadcast({ key });
    await world.quiet();
    // As many as there may be, to nodes that never answer.
    const debts = Array.from({ length: LIMITS.NODE_DEBTS }, (_, n) => ({
      path: `${n.toString(16)}`,
      position: 1,
    }));
    world.evict();
    store.writeNode({ ...record, debts });
    world.outage = (callee) =>
      callee.includes(".") && callee !== world.nodeName("") ? OUTAGE : null;
    expect(await world.status(key)).toMatchObject({ owed: LIMITS.NODE_DEBTS, unreached: 0 });
    await world.broadcast();
    await world.clock.pass(60_000);
    expect(child).not.toBe("");
    const kept = store.readNode()?.debts ?? [];
    expect(kept.length).toBe(LIMITS.NODE_DEBTS);
    expect((await world.status(key))?.unreached).toBeGreaterThan(0);
  });
});

describe("a live node that cannot be reached", () => {
  test.each([
    ["fails", () => Promise.reject(new Error("broken"))],
    ["hangs", () => new Promise<never>(() => {})],
  ])("B13 B14 that %s holds up no device, and the broadcast ends", async (_, fault) => {
    const world = new World();
    await withMembers(world, 3);
    await world.clock.until(
      world.root().reportLive({ tag: "news", region: "eu", n: 0, listeners: 3 }),
    );
    await world.quiet();
    const live = world.liveNode(world.liveName("eu", 0));
    live.fault = fault;
    const keys = [keyOf(810), keyOf(811)];
    for (const key of keys) await world.broadcast({ key });
    await world.clock.pass(100);
    expect([...shownBy(world).values()]).toEqual(["1,2", "1,2", "1,2"]);
    await world.clock.pass(2 * LIMITS.CALL_MS);
    for (const key of keys) {
      expect(await world.status(key)).toMatchObject({ status: "sent", acknowledged: 3 });
    }
    // Its listeners have what they lack as soon as it answers, though nothing more is sent and the root died meanwhile.
    await world.alarms(200_000);
    world.kill();
    await world.alarms(200_000);
    live.fault = null;
    await world.quiet();
    expect(live.taken).toEqual([1, 2]);
  });

  test("B13 one that reports to a root that was killed is owed what it was owed before", async () => {
    const world = new World();
    const report = { tag: "news", region: "eu", n: 0, listeners: 3 };
    await world.clock.until(world.root().reportLive(report));
    await world.quiet();
    const name = world.liveName("eu", 0);
    world.outage = (callee) => (callee === name ? OUTAGE : null);
    await world.broadcast();
    await world.alarms(60_000);
    world.kill();
    world.outage = null;
    // Before the root looks at its live nodes by itself.
    await world.clock.until(world.root().reportLive(report));
    await world.quiet();
    expect(world.liveNode(name).taken).toEqual([1]);
  });

  test("B13 one that has caught up costs the root no row more", async () => {
    const world = new World();
    await withMembers(world, 1);
    await world.clock.until(
      world.root().reportLive({ tag: "news", region: "eu", n: 0, listeners: 3 }),
    );
    await world.quiet();
    const before = world.rows;
    await world.broadcast();
    await world.quiet();
    expect(world.rows - before).toBe(2);
  });

  test("V8 one without listeners is forgotten, and known again when it reports", async () => {
    const world = new World();
    const report = { tag: "news", region: "eu", n: 0 };
    await world.clock.until(world.root().reportLive({ ...report, listeners: 3 }));
    await world.quiet();
    const live = world.liveNode(world.liveName("eu", 0));
    const nodes = () => world.stores.get(world.nodeName(""))?.readNode()?.liveNodes.length ?? 0;
    // A report that comes too late to be true: it is asked first.
    await world.clock.until(world.root().reportLive({ ...report, listeners: 0 }));
    await world.quiet();
    expect(nodes()).toBe(1);
    expect(await world.clock.until(world.root().info())).toMatchObject({ listeners: 3 });
    live.listeners = 0;
    await world.clock.until(world.root().reportLive({ ...report, listeners: 0 }));
    await world.quiet();
    expect(nodes()).toBe(0);
    await world.clock.until(world.root().reportLive({ ...report, listeners: 1 }));
    expect(nodes()).toBe(1);
    await world.broadcast();
    await world.quiet();
    expect(live.taken).toEqual([1]);
  });

  test("B13 V8 one that reports while another is asked whether somebody listens is not forgotten", async () => {
    const world = new World();
    const idle = (n: number, listeners: number) => ({ tag: "news", region: "eu", n, listeners });
    for (const n of [0, 1]) {
      await world.clock.until(world.root().reportLive(idle(n, 3)));
      world.liveNode(world.liveName("eu", n)).listeners = 0;
      await world.clock.until(world.root().reportLive(idle(n, 0)));
    }
    const one = world.liveNode(world.liveName("eu", 0));
    const other = world.liveName("eu", 1);
    world.outage = (callee) => (callee === other ? { at: "before", kind: "hangs" } : null);
    const asked = world.alarms(LIMITS.COUNT_DELAY_MS + 10_000);
    await world.clock.sleep(LIMITS.COUNT_DELAY_MS + 1_000);
    // It had said that nobody listens; now somebody comes.
    one.listeners = 1;
    await world.root().reportLive(idle(0, 1));
    await asked;
    world.outage = null;
    await world.broadcast();
    await world.quiet();
    expect(one.taken).toEqual([1]);
  });

  test("V6 each is told once a period how many listen, however many nodes report", async () => {
    const world = new World();
    const nodes = 20;
    /** What each node heard last, by an answer or by being told. */
    const last: number[] = [];
    const reportAll = (listeners: number) =>
      Promise.all(
        Array.from({ length: nodes }, async (_, n) => {
          world.liveNode(world.liveName("eu", n)).listeners = listeners;
          const report = { tag: "news", region: "eu", n, listeners };
          last[n] = (await world.root().reportLive(report)).listeners;
        }),
      );
    await world.clock.until(reportAll(1));
    await world.quiet();
    const told = () => [...world.liveNodes.values()].map((live) => live.told.length);
    const before = told();
    for (let second = 0; second < 5; second++) {
      await world.clock.until(reportAll(2 + second));
      await world.clock.pass(1_000);
    }
    await world.quiet();
    for (const [n, count] of told().entries())
      expect(count - (before[n] ?? 0)).toBeLessThanOrEqual(3);
    for (let n = 0; n < nodes; n++) {
      const heard = world.liveNode(world.liveName("eu", n)).told.at(-1) ?? 0;
      expect(Math.max(heard, last[n] ?? 0)).toBe(6 * nodes);
    }
  });
});
