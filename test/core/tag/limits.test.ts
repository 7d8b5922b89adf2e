import { describe, expect, test } from "vitest";
import type { BroadcastRequest } from "../../../core/tag/calls/broadcast.ts";
import { noCounts } from "../../../core/tag/outcome/counts.ts";
import { limitOwing } from "../../../core/tag/outcome/outcome.ts";
import type { TagShell } from "../../../objects/tag/tag-shell.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { MemoryTagStore } from "./support/memory-tag-store.ts";
import { broadcastOf, keyOf, TAG, World } from "./support/world.ts";

/** Broadcasts one after another, each served before the next. */
async function broadcastAll(world: World, count: number, change: Partial<BroadcastRequest> = {}) {
  for (let n = 0; n < count; n++) {
    await world.broadcast(change);
    await world.clock.pass(1);
  }
}

async function withMember(world: World) {
  const device = world.device(0);
  await device.link();
  await world.clock.until(device.join());
  return device;
}

const joinOf = (world: World, n: number, born: number | null = null) => ({
  tag: TAG,
  device: world.device(n).name,
  find: false,
  born,
  attach: false,
});

describe("bounds of a tag's nodes", () => {
  test.each([0, 1])(
    "P8.1 who comes back has the last 128 broadcasts, and %i less",
    async (more) => {
      const world = new World();
      const device = await withMember(world);
      device.lose();
      await broadcastAll(world, LIMITS.LOG_ENTRIES + more);
      await world.clock.until(device.link());
      const shown = device.shown.get(TAG) ?? [];
      expect(shown.length).toBe(LIMITS.LOG_ENTRIES);
      expect(shown[0]).toBe(1 + more);
    },
  );

  test("P8.1 B10 a tag takes so many broadcasts as could be replayed and no more, until one cannot be", async () => {
    const world = new World();
    await withMember(world);
    const from = world.clock.now;
    await broadcastAll(world, LIMITS.ROOT_LOG_ENTRIES);
    const next = () => world.clock.until(world.root().broadcast(broadcastOf({})));
    const refused = await next();
    expect(refused).toMatchObject({ ok: false, code: "broadcast_rate" });
    if (refused.ok || refused.retryAfterMs === undefined) throw new Error("no time was told");
    const freeAt = world.clock.now + refused.retryAfterMs;
    expect(freeAt - from).toBeGreaterThanOrEqual(LIMITS.REPLAY_MS);
    expect(freeAt - from).toBeLessThan(LIMITS.REPLAY_MS + 100);
    await world.clock.pass(refused.retryAfterMs - 1);
    expect(await next()).toMatchObject({ ok: false });
    await world.clock.pass(1);
    expect(await next()).toMatchObject({ ok: true });
  });

  test("P8.1 B10 a full log of a clock that was ahead refuses nothing once the clock is right", async () => {
    const world = new World();
    await withMember(world);
    const YEAR_MS = 31_536_000_000;
    world.clock.setBack(-YEAR_MS);
    await broadcastAll(world, LIMITS.ROOT_LOG_ENTRIES);
    world.kill();
    world.clock.setBack(YEAR_MS);
    const take = () => world.clock.until(world.root().broadcast(broadcastOf({})));
    expect(await take()).toMatchObject({ ok: true });
    // The bound holds again from here on, though numbers go on from the year that was told.
    await broadcastAll(world, LIMITS.ROOT_LOG_ENTRIES - 1);
    const refused = await take();
    expect(refused).toMatchObject({ ok: false, code: "broadcast_rate" });
    if (refused.ok || refused.retryAfterMs === undefined) throw new Error("no time was told");
    expect(refused.retryAfterMs).toBeLessThanOrEqual(LIMITS.REPLAY_MS);
    await world.clock.pass(refused.retryAfterMs);
    expect(await take()).toMatchObject({ ok: true });
  });

  test.each([
    ["entries", 1, LIMITS.CATCH_UP_ENTRIES],
    ["bytes", LIMITS.DATA_BYTES, LIMITS.CATCH_UP_BYTES / LIMITS.DATA_BYTES],
  ])("P8.1 a page of what was missed is bounded in %s", async (_, bytes, count) => {
    const world = new World();
    const { name } = await withMember(world);
    const data = new Uint8Array(bytes);
    await broadcastAll(world, count, { data });
    const attach = () => world.clock.until(world.root().attach({ device: name, after: 0 }));
    expect(await attach()).toMatchObject({ upTo: count, more: false });
    await broadcastAll(world, 1, { data });
    expect(await attach()).toMatchObject({ upTo: count, more: true });
  });

  test("P8.1 B8 a member that cannot be called is called so often and no more", async () => {
    const world = new World();
    const device = await withMember(world);
    device.outcome = () => {
      throw new Error("broken");
    };
    world.calls.deliver = 0;
    const key = keyOf(700);
    await world.broadcast({ key });
    await world.clock.pass(20_000);
    expect(world.calls.deliver).toBe(LIMITS.FAN_OUT_TRIES);
    expect(await world.status(key)).toMatchObject({ status: "sending", owed: 1 });
    // Ten tries until the backoff is at its longest, and then one in 3.75 minutes, here, until the broadcast expires.
    await world.alarms(3_600_000);
    expect(world.calls.deliver).toBeLessThan(LIMITS.FAN_OUT_TRIES + 10 + 3_600 / 225);
    expect(await world.status(key)).toMatchObject({ status: "sent", failed: 1, owed: 0 });
    const { deliver } = world.calls;
    await world.alarms(3_600_000);
    expect(world.calls.deliver).toBe(deliver);
  });

  test("P8.1 B8 what the root keeps of nodes that owe it to members is bounded, and the rest counts as failed", () => {
    const counts = { ...noCounts(), members: 10, attached: 10, acknowledged: 4, owed: 6 };
    const nodes = Object.fromEntries(["0", "1", "2"].map((path) => [path, { ...counts, owed: 2 }]));
    expect(limitOwing(nodes, counts, 3)).toBe(nodes);
    expect(counts).toMatchObject({ owed: 6, failed: 0 });
    expect(Object.keys(limitOwing(nodes, counts, 2))).toEqual(["0", "1"]);
    expect(counts).toMatchObject({ owed: 4, failed: 2 });
  });

  test("P8.1 a full node sends joins on, but for the deepest", async () => {
    const world = new World({ nodeMembers: 1 });
    const join = (node: TagShell, n: number) => world.clock.until(node.join(joinOf(world, n, 0)));
    for (const [depth, kind] of [
      [LIMITS.NODE_DEPTH - 1, "child"],
      [LIMITS.NODE_DEPTH, "joined"],
    ] as const) {
      const name = world.nodeName("0".repeat(depth));
      const store = new MemoryTagStore();
      store.writeNode({ tag: TAG, born: 0, children: {}, live: "token", liveNodes: [] });
      world.diskOf(name).store = store;
      const node = world.node(name);
      expect(await join(node, 0)).toMatchObject({ kind: "joined" });
      expect(await join(node, 1)).toMatchObject({ kind });
    }
  });
});
