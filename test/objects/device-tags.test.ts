/** Devices that join tags and take broadcasts, on the real objects of both. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { BroadcastRequest, BroadcastStatus } from "../../core/tag/calls/broadcast.ts";
import { deviceDigit, nodeObjectName, tagIdOf } from "../../core/tag/name.ts";
import type { Broadcast } from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SOON } from "../support/soon.ts";
import { countCalls } from "./support/calls.ts";
import { listeningClient, openedApp, randomText, type Socket } from "./support/client.ts";
import { countWrites } from "./support/rows.ts";
import { rootOf, TAGS } from "./support/tags.ts";

const utf8 = new TextEncoder();
const NEWS = "news";

/** A device with the app in slot 1 that listens, and has joined the tag of all devices by itself. */
async function listening({ app, appId }: { app: string; appId: string }) {
  const { client, socket } = await listeningClient(appId);
  await expect.poll(async () => (await rootOf(app, "").info())?.members, SOON).toBe(1);
  return { client, socket, app };
}

/** One that has joined the tag too. */
async function member() {
  const one = await listening(await openedApp());
  await subscribe(one.socket, NEWS);
  return one;
}

async function subscribe(socket: Socket, ...tags: string[]): Promise<void> {
  socket.command({ kind: "subscribe", value: { request: 7, slot: 1, add: tags, remove: [] } });
  await socket.expect("done");
}

/** Position of the tag's last broadcast, or the one that its root began at. */
const headOf = async (app: string, tag = NEWS): Promise<number> =>
  (await rootOf(app, tag).info())?.head ?? 0;

function broadcast(app: string, tag: string, fields: Partial<BroadcastRequest> = {}) {
  return rootOf(app, tag).broadcast({
    app,
    cover: [tag],
    condition: null,
    filter: null,
    key: crypto.getRandomValues(new Uint8Array(9)),
    lane: 2,
    contentType: 2,
    data: utf8.encode("hello"),
    ttlSeconds: 3_600,
    collapseKey: null,
    pace: null,
    signature: null,
    ...fields,
  });
}

/** The broadcasts of the next frame. */
const broadcasts = async (socket: Socket): Promise<readonly Broadcast[]> =>
  (await socket.expect("broadcasts")).value.broadcasts;

const acknowledge = (socket: Socket, ...taken: readonly Broadcast[]): void =>
  socket.command({
    kind: "cursors",
    value: taken.map(({ slot, tagRef, position }) => ({ slot, tagRef, position })),
  });

const statusOf = (app: string, tag: string, key: Uint8Array): Promise<BroadcastStatus | null> =>
  rootOf(app, tag).broadcastStatus(key);

/** Has a node tell its counts, which are due 10 s after a change, and sleep: no alarm of before is left. */
async function settled(node: ReturnType<typeof rootOf>): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LIMITS.COUNT_DELAY_MS });
  await runDurableObjectAlarm(node);
  vi.useRealTimers();
  expect(await runInDurableObject(node, (_, { storage }) => storage.getAlarm())).toBeNull();
  await evictDurableObject(node);
}

describe("a device object and its tags", () => {
  test("P6.5 a join writes a row at the device and one at the node, and costs one call", async () => {
    const { client, socket, app } = await member();
    const root = rootOf(app, "sport");
    await root.join({
      tag: "sport",
      device: randomText(16),
      find: false,
      born: null,
      attach: false,
    });
    const atDevice = await countWrites(client.stub);
    const atNode = await countWrites(root);
    const calls = await countCalls(root);
    await subscribe(socket, "sport");
    await socket.synced();
    expect(atDevice()).toEqual({ rows: 1, alarms: 0 });
    expect(atNode()).toEqual({ rows: 1, alarms: 0 });
    expect(calls()).toEqual({ join: 1 });
  });

  test("P6.5 a reconnect asks each tag's node once, and writes nothing but the link's rows", async () => {
    const { client, socket, app } = await member();
    const root = rootOf(app, NEWS);
    const atDevice = await countWrites(client.stub);
    const atNode = await countWrites(root);
    const calls = await countCalls(root);
    socket.close();
    await socket.closed;
    const again = await client.connect({ attach: [1] });
    await again.synced();
    await expect.poll(() => calls(), SOON).toEqual({ attach: 1 });
    expect(atDevice()).toEqual({ rows: 2, alarms: 0 });
    expect(atNode()).toEqual({ rows: 0, alarms: 0 });
  });

  test("P6.6 a live broadcast writes two rows and an alarm at the root, none at the device, and costs one call", async () => {
    const { client, socket, app } = await member();
    const root = rootOf(app, NEWS);
    const atDevice = await countWrites(client.stub);
    const calls = await countCalls(client.stub);
    const atNode = await countWrites(root);
    const key = crypto.getRandomValues(new Uint8Array(9));
    expect(await broadcast(app, NEWS, { key })).toMatchObject({ ok: true });
    const taken = await broadcasts(socket);
    expect(taken).toMatchObject([{ slot: 1, tag: NEWS, key }]);
    acknowledge(socket, ...taken);
    await expect
      .poll(() => statusOf(app, NEWS, key), SOON)
      .toMatchObject({ status: "sent", attached: 1, delivered: 1, acknowledged: 1, remaining: 0 });
    expect(atNode()).toEqual({ rows: 2, alarms: 1 });
    expect(atDevice()).toEqual({ rows: 0, alarms: 0 });
    expect(calls()).toEqual({ deliver: 1, webSocketMessage: 1 });
  });

  test("P6.5 P6.6 in a tree a join writes three rows at the most, and a broadcast one at each node below the root", {
    timeout: 60_000,
  }, async () => {
    const one = await openedApp();
    const root = rootOf(one.app, NEWS);
    const fill = { tag: NEWS, find: false, born: null, attach: false };
    await Promise.all(
      Array.from({ length: LIMITS.NODE_MEMBERS }, () =>
        root.join({ ...fill, device: randomText(16) }),
      ),
    );
    const { client, socket } = await listening(one);
    const path = deviceDigit(client.stub.name ?? "", 0);
    const child = TAGS.getByName(
      nodeObjectName({ app: one.app, tagId: tagIdOf(one.app, NEWS), path }),
    );
    const atDevice = await countWrites(client.stub);
    // The node itself is made by the first join of all.
    await child.join({ ...fill, device: randomText(16), born: 0 });
    const atChild = await countWrites(child);
    await subscribe(socket, NEWS);
    await socket.synced();
    expect(atDevice()).toEqual({ rows: 2, alarms: 0 });
    expect(atChild()).toEqual({ rows: 1, alarms: 0 });

    // Where filling the root took more than 10 s, the alarms of its counts would come in between.
    for (const node of [child, root]) await settled(node);
    const calls = await countCalls(child);
    const [ofChild, atRoot] = [await countWrites(child), await countWrites(root)];
    const key = crypto.getRandomValues(new Uint8Array(9));
    await broadcast(one.app, NEWS, { key });
    acknowledge(socket, ...(await broadcasts(socket)));
    await expect
      .poll(() => statusOf(one.app, NEWS, key), SOON)
      .toMatchObject({
        status: "sent",
        members: LIMITS.NODE_MEMBERS + 2,
        attached: 1,
        acknowledged: 1,
        nodes: 2,
      });
    expect(atRoot()).toEqual({ rows: 2, alarms: 1 });
    expect(ofChild()).toEqual({ rows: 1, alarms: 0 });
    expect(atDevice()).toEqual({ rows: 2, alarms: 0 });
    expect(calls()).toMatchObject({ fanOut: 1 });
  });

  test("P6.6 a device that is away costs one call once, and then nothing", async () => {
    const { client, socket, app } = await member();
    const root = rootOf(app, NEWS);
    socket.close();
    await socket.closed;
    await expect
      .poll(() => client.stub.describe({ app, generation: 1 }), SOON)
      .toMatchObject({
        connected: false,
      });
    const atDevice = await countWrites(client.stub);
    const calls = await countCalls(client.stub);
    const atNode = await countWrites(root);
    for (const offline of [1, 0]) {
      const key = crypto.getRandomValues(new Uint8Array(9));
      await broadcast(app, NEWS, { key });
      await expect
        .poll(() => statusOf(app, NEWS, key), SOON)
        .toMatchObject({ status: "sent", offline });
    }
    expect(atNode().rows).toBe(4);
    expect(atDevice()).toEqual({ rows: 0, alarms: 0 });
    expect(calls()).toEqual({ deliver: 1 });
  });

  test("what it missed comes when it is back: from its cursor, and without one from what the mesh remembers", async () => {
    const { client, socket, app } = await member();
    for (const text of ["a", "b"]) await broadcast(app, NEWS, { data: utf8.encode(text) });
    const [first, second] = [...(await broadcasts(socket)), ...(await broadcasts(socket))];
    if (first === undefined || second === undefined) throw new Error("two were sent");
    acknowledge(socket, first);
    await socket.synced();
    socket.close();
    await socket.closed;
    await broadcast(app, NEWS, { data: utf8.encode("c") });

    const remembered = await client.connect({ attach: [1] });
    const head = await headOf(app);
    const missed = (await broadcasts(remembered)).map(({ position }) => position);
    expect(missed).toEqual([head - 1, head]);
    remembered.close();
    await remembered.closed;
    const { tagRef } = first;
    const cursors = [{ slot: 1, tagRef, position: head - 1 }];
    const told = await client.connect({ attach: [1], cursors });
    expect((await broadcasts(told)).map(({ position }) => position)).toEqual([head]);
  });

  test("P6.3 after a sleep it takes broadcasts without asking any node", async () => {
    const { client, socket, app } = await member();
    await broadcast(app, NEWS);
    acknowledge(socket, ...(await broadcasts(socket)));
    await socket.synced();
    const calls = await countCalls(rootOf(app, NEWS));
    await evictDurableObject(client.stub);
    await broadcast(app, NEWS);
    const taken = await broadcasts(socket);
    expect(taken).toMatchObject([{ position: await headOf(app) }]);
    acknowledge(socket, ...taken);
    await socket.synced();
    expect(calls()).not.toHaveProperty("attach");
  });

  test("a node that is killed while it serves a broadcast goes on with it", {
    timeout: 20_000,
  }, async () => {
    const { socket, app } = await member();
    const root = rootOf(app, NEWS);
    const key = crypto.getRandomValues(new Uint8Array(9));
    await broadcast(app, NEWS, { key });
    const taken = await broadcasts(socket);
    const killed = runInDurableObject(root, (_, ctx) => ctx.abort("killed"));
    await expect(killed).rejects.toThrow("killed");
    acknowledge(socket, ...taken);
    await expect
      .poll(() => statusOf(app, NEWS, key), SOON)
      .toMatchObject({
        status: "sent",
      });
    // Taken already: it comes no second time.
    await broadcast(app, NEWS);
    expect(await broadcasts(socket)).toMatchObject([{ position: await headOf(app) }]);
  });

  test("broadcasts of two tags run beside each other", async () => {
    const members = await Promise.all([member(), member(), member()]);
    await Promise.all(
      members.map(async ({ socket, app }) => {
        const born = await headOf(app);
        for (let i = 1; i <= 3; i++) {
          await broadcast(app, NEWS);
          const taken = await broadcasts(socket);
          expect(taken).toMatchObject([{ position: born + i }]);
          acknowledge(socket, ...taken);
        }
      }),
    );
  });

  test("the app server joins tags and leaves them, and is told which there are", async () => {
    const { client, app } = await member();
    const name = { app, generation: 1 };
    expect(await client.stub.setTags({ ...name, add: ["sport"], remove: [NEWS] })).toEqual({
      ok: true,
    });
    expect(await client.stub.describe(name)).toMatchObject({ ok: true, tags: ["sport"] });
    expect(await rootOf(app, "sport").info()).toMatchObject({ members: 1 });
    expect(await rootOf(app, NEWS).info()).toMatchObject({ members: 0 });
  });

  test("an unregister leaves every tag", async () => {
    const { socket, app } = await member();
    socket.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    await socket.expect("unregistered");
    for (const tag of ["", NEWS]) {
      await expect.poll(async () => (await rootOf(app, tag).info())?.members, SOON).toBe(0);
    }
  });
});
