/** Tags that nobody needs any more: what is left of them, and what those find who come again. */
import { describe, expect, test } from "vitest";
import { firstPosition } from "../../../core/tag/tree/creation.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { MemoryTagStore } from "./support/memory-tag-store.ts";
import { broadcastOf, keyOf, TAG, World } from "./support/world.ts";

const MANY = 60;
const HOUR_MS = 3_600_000;

/** A tag as one is outside tests, in nodes of two members. */
const deep = () => new World({ nodeMembers: 2, born: firstPosition });

async function joinAll(world: World): Promise<void> {
  for (let n = 0; n < MANY; n++) expect(await world.clock.until(world.device(n).join())).toBe(true);
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
}

async function leaveAll(world: World): Promise<void> {
  for (let n = 0; n < MANY; n++)
    expect(await world.clock.until(world.device(n).leave())).toBe(true);
}

describe("a tag that everybody has left", () => {
  test("P8.11 leaves nothing of its tree, its log and its live nodes, a day after its last broadcast expired", async () => {
    const world = deep();
    await joinAll(world);
    const key = keyOf(9_000);
    const report = { tag: TAG, region: "eu", n: 0, listeners: 3 };
    await world.clock.until(world.root().reportLive(report));
    await world.broadcast({ key, ttlSeconds: 3_600 });
    await world.alarms(LIMITS.COUNT_DELAY_MS);
    await leaveAll(world);
    world.liveNode(world.liveName("eu", 0)).listeners = 0;
    await world.clock.until(world.root().reportLive({ ...report, listeners: 0 }));

    // While its status is promised everything is there.
    const nodes = world.nodes;
    expect(nodes).toBeGreaterThan(15);
    await world.alarms(HOUR_MS + LIMITS.TAG_STATUS_MS - 60_000);
    expect(world.nodes).toBe(nodes);
    expect(await world.status(key)).toMatchObject({ members: MANY, status: "sent" });
    await world.alarms(60_000 + 100 * LIMITS.COUNT_DELAY_MS);
    expect(world.nodes).toBe(0);
    expect(world.members().size).toBe(0);
    const forgotten = { tag: TAG, members: 0, listeners: 0, lastBroadcastAt: null };
    expect(world.reports.at(-1)).toEqual(forgotten);
    expect(await world.status(key)).toBeNull();
    await expect(world.broadcast({})).rejects.toThrow("tag_unknown");
  });

  test("P8.11 without a broadcast leaves nothing of its tree, once that is reported level by level", async () => {
    const world = deep();
    await joinAll(world);
    await leaveAll(world);
    await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
    expect(world.nodes).toBe(0);
  });

  test("P8.11 B1 begins anew above the positions of before, and who joins has all of it and nothing of before", async () => {
    const world = deep();
    await joinAll(world);
    await world.broadcast({});
    const before = (await world.root().info())?.head ?? 0;
    await leaveAll(world);
    await world.alarms(2 * LIMITS.TAG_STATUS_MS);
    expect(world.nodes).toBe(0);
    await joinAll(world);
    for (let n = 0; n < MANY; n++) await world.clock.until(world.device(n).link());
    await world.broadcast({});
    await world.alarms(LIMITS.COUNT_DELAY_MS);
    const head = (await world.root().info())?.head ?? 0;
    expect(head).toBeGreaterThan(before);
    for (let n = 0; n < MANY; n++) expect(world.device(n).shown.get(TAG)).toEqual([head]);
  });

  test("P8.11 P1.6 whose clock was ahead stays until the clock has come past its last position", async () => {
    const world = new World({ nodeMembers: 2, born: firstPosition });
    await world.clock.until(world.device(0).join());
    await world.broadcast({ ttlSeconds: 0 });
    const before = (await world.root().info())?.head ?? 0;
    await world.clock.until(world.device(0).leave());
    world.clock.setBack(30 * LIMITS.TAG_STATUS_MS);
    await world.alarms(2 * LIMITS.TAG_STATUS_MS);
    // It may not be erased, or its next life would begin below.
    expect(world.nodes).toBe(1);
    await world.clock.until(world.device(1).join());
    expect((await world.root().info())?.head).toBe(before);
    await world.clock.until(world.device(1).leave());
    for (let day = 0; day < 40; day++) await world.alarms(LIMITS.TAG_STATUS_MS);
    expect(world.nodes).toBe(0);
  });
});

describe("a join on its way to a node that goes", () => {
  /** A tag whose children go with the next alarms, and the device that the root sends on. */
  async function leaving() {
    const world = deep();
    await joinAll(world);
    for (let n = 2; n < MANY; n++)
      expect(await world.clock.until(world.device(n).leave())).toBe(true);
    return world;
  }

  test("T1 B1 P8.11 makes it anew, and its parent knows it before it is answered", async () => {
    const world = await leaving();
    const device = world.device(500);
    await device.link();
    const join = world.root().join({
      ...{ tag: TAG, device: device.name, find: false, born: null, attach: false, epoch: 0 },
    });
    const answer = await world.clock.until(join);
    if (!("kind" in answer) || answer.kind !== "child") throw new Error("the root is not full");
    await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
    expect(world.nodes).toBe(1);
    expect(await world.clock.until(device.join(TAG))).toBe(true);
    const key = keyOf(9_100);
    await world.broadcast({ key });
    await world.clock.pass(50);
    expect(device.shown.get(TAG)).toHaveLength(1);
    expect(await world.status(key)).toMatchObject({ members: 3, acknowledged: 1 });
  });

  test("T1 P8.11 goes to the root where the node above has gone meanwhile", async () => {
    const world = deep();
    const device = world.device(0);
    const child = world.node(world.nodeName("0"));
    const request = { tag: TAG, device: device.name, find: false, attach: false, epoch: 0 };
    expect(await world.clock.until(child.join({ ...request, born: 5 }))).toEqual({
      kind: "unborn",
    });
    expect(world.nodes).toBe(0);
  });

  test("T1 P8.11 is not undone by the late answer of a node that went", async () => {
    const world = new World({ nodeMembers: 5, born: firstPosition });
    for (let n = 0; n < 25; n++) await world.clock.until(world.device(n).join());
    for (let n = 5; n < 25; n++) await world.clock.until(world.device(n).leave());
    const device = world.device(500);
    await device.link();
    // The children of the root erase themselves, and it hears so after the join.
    const lateMs = LIMITS.CALL_MS - 2_000;
    const before = world.nodes;
    let nodes = 0;
    let shown: readonly number[] | undefined;
    const joinAndBroadcast = async () => {
      await world.clock.sleep(1_000);
      nodes = world.nodes;
      expect(await device.join(TAG)).toBe(true);
      await world.clock.sleep(lateMs);
      expect(await world.root().broadcast(broadcastOf({}))).toMatchObject({ ok: true });
      await world.clock.sleep(500);
      shown = device.shown.get(TAG);
    };
    let joining: Promise<void> | null = null;
    world.outage = (callee) => {
      if (!/\.[0-9a-f]$/.test(callee)) return null;
      joining ??= joinAndBroadcast();
      return { at: "after", kind: lateMs };
    };
    await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
    await joining;
    expect(before).toBeGreaterThan(5);
    expect(nodes).toBe(1);
    expect(shown).toHaveLength(1);
  });

  test("T1 P8.11 is not undone by a report of an earlier life that comes late", async () => {
    const world = await leaving();
    const device = world.device(500);
    await device.link();
    expect(await world.clock.until(device.join(TAG))).toBe(true);
    await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
    const path = [...(world.members().get(device.name) ?? [])][0]?.split(".").at(-1) ?? "";
    expect(path).toHaveLength(1);
    const late = { digit: path, members: 0, nodes: 1, depth: 1, turns: 1 };
    await world.clock.until(world.root().countChild(late));
    await world.broadcast({});
    await world.clock.pass(50);
    expect(device.shown.get(TAG)).toHaveLength(1);
  });
});

test("T1 P8.11 a report that comes after its node has gone adds nobody to the tag, and does not keep it", async () => {
  const world = deep();
  for (let n = 0; n < 8; n++) await world.clock.until(world.device(n).join());
  const child = [...world.members()].find(([, [name = ""]]) => /\.[0-9a-f]$/.test(name));
  const digit = child?.[1][0]?.at(-1) ?? "";
  const { turns } = world.stores.get(world.nodeName(digit))?.readNode() ?? {};
  expect(turns).toBeGreaterThan(0);
  // What the child says ten seconds after its first member is under way for longer than it lives.
  const late = { digit, members: 1, nodes: 1, depth: 1, ...(turns === undefined ? {} : { turns }) };
  for (let n = 0; n < 8; n++) await world.clock.until(world.device(n).leave());
  const isGone = () => world.stores.get(world.nodeName(digit))?.readNode() === null;
  await world.clock.until(world.device(0).join());
  for (let at = 0; at < 100 && !isGone(); at++) await world.alarms(LIMITS.COUNT_DELAY_MS);
  expect(isGone()).toBe(true);

  await world.clock.until(world.root().countChild(late));
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
  expect(await world.clock.until(world.root().info())).toMatchObject({ members: 1, nodes: 1 });
  await world.clock.until(world.device(0).leave());
  await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
  expect(world.nodes).toBe(0);
});

test("T1 a child that its parent has forgotten says so anew, and is counted and called again", async () => {
  const world = deep();
  await joinAll(world);
  const root = world.nodeName("");
  const store = world.stores.get(root);
  const record = store?.readNode();
  if (store === undefined || record == null) throw new Error("the root is there");
  // As where it was brought back from an older copy than they were.
  store.writeNode({ ...record, children: {} });
  world.evict();
  const [device, node = ""] = [...world.devices.values()]
    .map((each) => [each, world.members().get(each.name)?.[0]] as const)
    .find(([, name]) => name?.length === root.length + 1) ?? [world.device(0)];
  expect(await world.clock.until(device.leave())).toBe(true);
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
  const below = [...world.members().values()].filter(([name = ""]) => name.startsWith(node));
  const children = store.readNode()?.children ?? {};
  expect(Object.keys(children)).toEqual([node.at(-1)]);
  expect(children[node.at(-1) ?? ""]).toMatchObject({ members: below.length });
  const key = keyOf(9_200);
  await world.broadcast({ key });
  await world.quiet();
  expect(await world.status(key)).toMatchObject({ members: 2 + below.length });
});

test("P8.11 a child that was announced and never came to be does not keep its tag", async () => {
  const world = deep();
  const store = new MemoryTagStore();
  const children = { "3": { members: 0, nodes: 1, depth: 1 } };
  store.writeNode({ tag: TAG, born: 1, children, live: "token", liveNodes: [] });
  world.diskOf(world.nodeName("")).store = store;
  await world.clock.until(world.device(0).join());
  await world.clock.until(world.device(0).leave());
  await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
  expect(world.nodes).toBe(0);
});

test("P8.11 a child that cannot be asked is asked again, and costs nobody anything meanwhile", async () => {
  const world = deep();
  await joinAll(world);
  await leaveAll(world);
  world.outage = (callee) => (callee.endsWith(".") ? null : { at: "before", kind: "fails" });
  await world.alarms(100 * LIMITS.COUNT_DELAY_MS);
  expect(world.nodes).toBeGreaterThan(1);
  world.outage = null;
  await world.alarms(200 * LIMITS.COUNT_DELAY_MS);
  expect(world.nodes).toBe(0);
});
