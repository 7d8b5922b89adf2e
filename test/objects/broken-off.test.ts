/** A row that cannot be written, or a handler that breaks off: an object goes on from what is stored, and nobody waits in vain. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SOON } from "../support/soon.ts";
import { listeningClient, newApp, openedApp, randomText } from "./support/client.ts";
import { DISK_FULL, failWrites } from "./support/disk.ts";
import { newAlias, rootOf } from "./support/tags.ts";

const utf8 = new TextEncoder();
const NEWS = "news";

afterEach(() => {
  vi.useRealTimers();
});

const joining = (device: string) =>
  ({ tag: NEWS, device, find: false, born: null, attach: false }) as const;

const broadcastOf = (app: string, key = crypto.getRandomValues(new Uint8Array(9))) => ({
  app,
  cover: [NEWS],
  condition: null,
  filter: null,
  key,
  lane: 2 as const,
  contentType: 2 as const,
  data: utf8.encode("hello"),
  ttlSeconds: 3_600,
  collapseKey: null,
  pace: null,
  signature: null,
});

/** What a call of an object throws; the promise of a call itself would be one that nobody handles. */
async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

const alarmOf = (stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, { storage }) => storage.getAlarm());

async function listening() {
  const { app, appId } = await openedApp();
  const { client, socket } = await listeningClient(appId);
  await expect.poll(async () => (await rootOf(app, "").info())?.members, SOON).toBe(1);
  return { client, socket, app };
}

describe("the root of a tag", () => {
  test("P1.10 B21 whose row of a broadcast cannot be written refuses it, and takes it when it comes again", async () => {
    const { app } = newApp();
    const root = rootOf(app, NEWS);
    const device = randomText(16);
    await root.join(joining(device));
    const [first, second] = [broadcastOf(app), broadcastOf(app)];
    expect(await root.broadcast(first)).toMatchObject({ ok: true });
    await failWrites(root, "INSERT INTO log");
    expect(await failureOf(() => root.broadcast(second))).toMatchObject({
      code: "storage_unavailable",
    });
    expect(await root.broadcastStatus(second.key)).toBeNull();
    expect(await root.broadcast(second)).toMatchObject({ ok: true });
    await evictDurableObject(root);
    for (const { key } of [first, second]) expect(await root.broadcastStatus(key)).not.toBeNull();
    const page = await root.attach({ device, after: null });
    expect(page).toMatchObject({ kind: "attached", entries: [{}, {}] });
  });

  test("P1.10 B15 whose row of an end cannot be written tells no end that it forgets, and comes to one", async () => {
    const { socket, app } = await listening();
    const root = rootOf(app, NEWS);
    socket.command({ kind: "subscribe", value: { request: 7, slot: 1, add: [NEWS], remove: [] } });
    await socket.expect("done");
    await failWrites(root, "UPDATE log SET state");
    const request = broadcastOf(app);
    await root.broadcast(request);
    const taken = (await socket.expect("broadcasts")).value.broadcasts;
    const value = taken.map(({ slot, tagRef, position }) => ({ slot, tagRef, position }));
    socket.command({ kind: "cursors", value });
    let told: unknown = null;
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(root);
        told = await root.broadcastStatus(request.key);
        return told;
      }, SOON)
      .toMatchObject({ status: "sent" });
    await evictDurableObject(root);
    expect(await root.broadcastStatus(request.key)).toEqual(told);
  });

  test("P1.10 that can write only half of what a call has to leaves none of it", async () => {
    const { app } = newApp();
    const ending = rootOf(app, NEWS);
    await failWrites(ending, "INSERT INTO members");
    expect(await failureOf(() => ending.join(joining(randomText(16))))).toMatchObject({
      message: `storage_unavailable: ${DISK_FULL}`,
    });
    const root = rootOf(app, NEWS);
    const tables = await runInDurableObject(root, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('node', 'log')").toArray(),
    );
    expect(tables).toEqual([]);
    expect(await root.join(joining(randomText(16)))).toMatchObject({ kind: "joined" });
    await evictDurableObject(root);
    expect(await root.info()).toMatchObject({ members: 1 });
  });
});

describe("a device's object", () => {
  test.each([
    ["a row that cannot be written", DISK_FULL, 4007, "storage_unavailable"],
    ["a mistake of ours", "no such table: SQLITE_ERROR", 4003, "internal"],
  ])(
    "P1.10 whose handler of a command breaks off by %s closes the link, and the next one is as good as ever",
    async (_, reason, code, text) => {
      const { client, socket, app } = await listening();
      await failWrites(client.stub, "INSERT INTO tags", { reason });
      const value = { request: 7, slot: 1, add: [NEWS], remove: [] };
      socket.command({ kind: "subscribe", value });
      expect(await socket.closed).toEqual({ code, reason: text });
      const next = await client.connect();
      next.command({ kind: "subscribe", value });
      await next.expect("done");
      next.command({ kind: "attach", value: { slot: 1 } });
      await next.synced();
      const answer = client.send(app);
      next.acknowledge(await next.messages());
      expect(await answer).toMatchObject({ status: "delivered" });
      await evictDurableObject(client.stub);
      expect(await client.stub.describe({ app, generation: 1 })).toMatchObject({ tags: [NEWS] });
    },
  );

  test("P1.10 that cannot store a send which is not acknowledged refuses it, and the link stays", async () => {
    const { client, socket, app } = await listening();
    await failWrites(client.stub, "INSERT INTO mail");
    const key = crypto.getRandomValues(new Uint8Array(9));
    // Nobody is left who would settle another that waits.
    const other = client.send(app, { waitMs: 60_000 });
    const refused = { ok: false, code: "storage_unavailable" };
    expect(await client.send(app, { key, waitMs: 20 })).toMatchObject(refused);
    expect(await other).toMatchObject(refused);
    const again = client.send(app, { key });
    let isOver = false;
    const answered = again.finally(() => {
      isOver = true;
    });
    const reading = (async () => {
      while (!isOver)
        socket.acknowledge(await Promise.race([socket.messages(), answered.then(() => [])]));
    })();
    expect(await answered).toMatchObject({ ok: true, status: "delivered" });
    await reading;
  });

  test("P1.10 H3 that cannot store a send goes on with those that need no row, at once and for as long as the disk is full", async () => {
    const { client, socket, app } = await listening();
    await failWrites(client.stub, "INSERT", { times: Number.POSITIVE_INFINITY });
    for (let time = 0; time < 3; time++) {
      const refused = { ok: false, code: "storage_unavailable" };
      expect(await client.send(app, { waitMs: 20 })).toMatchObject(refused);
      await socket.messages();
      const answer = client.send(app);
      socket.acknowledge(await socket.messages());
      expect(await answer).toMatchObject({ ok: true, status: "delivered" });
    }
  });

  test("P1.10 P4.5 whose alarm breaks off, however often, has another alarm, and ends at last what has expired", async () => {
    const { client, socket, app } = await listening();
    socket.close();
    await socket.closed;
    const key = crypto.getRandomValues(new Uint8Array(9));
    const answer = await client.send(app, { key, ttlSeconds: 1, waitMs: 0 });
    if (!answer.ok) throw new Error(answer.code);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
    await failWrites(client.stub, "DELETE FROM mail", { times: 8 });
    for (let time = 0; time < 8; time++) {
      await runDurableObjectAlarm(client.stub);
      expect(await alarmOf(client.stub)).toBeGreaterThan(Date.now());
    }
    await runDurableObjectAlarm(client.stub);
    const status = await client.stub.status({ app, generation: 1, key, seq: answer.seq });
    expect(status).toMatchObject({ status: "expired" });
  });
});

test("P1.10 what comes on the link of an object that cannot be loaded closes it, and is said again", async () => {
  const { client, socket, app } = await listening();
  await evictDurableObject(client.stub);
  const setKeys = (MESH_KEYS: string) =>
    runInDurableObject(client.stub, (object) => {
      const { env } = object as unknown as { env: { readonly MESH_KEYS: string } };
      Object.defineProperty(object, "env", { value: { ...env, MESH_KEYS }, configurable: true });
      return env.MESH_KEYS;
    });
  // A deployment without its secret.
  const keys = await setKeys("");
  const value = { request: 7, slot: 1, add: [NEWS], remove: [] };
  socket.command({ kind: "subscribe", value });
  expect(await socket.closed).toEqual({ code: 4003, reason: "internal" });
  await setKeys(keys);
  const next = await client.connect();
  next.command({ kind: "subscribe", value });
  await next.expect("done");
  expect(await client.stub.describe({ app, generation: 1 })).toMatchObject({ tags: [NEWS] });
});

test("P1.10 the alarm of an object that cannot be loaded comes again", async () => {
  const { client, socket, app } = await listening();
  socket.close();
  await socket.closed;
  expect(await client.send(app, { waitMs: 0 })).toMatchObject({ status: "queued" });
  await evictDurableObject(client.stub);
  await runInDurableObject(client.stub, (object) => {
    // A deployment without its secret.
    Object.defineProperty(object, "env", { value: { MESH_KEYS: "" } });
  });
  await runDurableObjectAlarm(client.stub);
  expect(await alarmOf(client.stub)).toBeGreaterThan(Date.now());
});

test("P1.10 P8.12 an alias whose alarm breaks off has another alarm, and goes at last", async () => {
  const alias = newAlias();
  const [app, name] = ["AAAAAAAAAAA", "a"];
  await alias.write({ kind: "alias", app, alias: name, shared: true, holders: [] });
  await failWrites(alias, "DROP TABLE", { times: 8 });
  for (let time = 0; time < 8; time++) {
    await runDurableObjectAlarm(alias);
    expect(await alarmOf(alias)).toBeGreaterThan(Date.now());
  }
  await runDurableObjectAlarm(alias);
  expect(await alarmOf(alias)).toBeNull();
});
