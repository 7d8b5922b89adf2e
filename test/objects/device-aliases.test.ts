/** Devices that share an alias or take it from each other, on the real objects of both. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { aliasObjectName } from "../../core/tag/name.ts";
import { LIMITS } from "../../schema/limits.ts";
import { listeningClient, openedApp, type Socket } from "./support/client.ts";
import { countWrites } from "./support/rows.ts";
import { ALIASES } from "./support/tags.ts";

const ALIAS = "анна";

/** A device with the app in slot 1 that listens. */
async function listening({ app, appId }: { app: string; appId: string }) {
  const { client, socket } = await listeningClient(appId);
  const send = (firstAckWins: boolean, key = crypto.getRandomValues(new Uint8Array(9))) =>
    client.send(app, { key, alias: { alias: ALIAS, firstAckWins } });
  return { client, socket, send };
}

async function setAlias(socket: Socket, shared: boolean, held = true): Promise<void> {
  const value = { request: 5, slot: 1, alias: ALIAS, held, shared };
  socket.command({ kind: "setAlias", value });
  await socket.expect("done");
}

const aliasOf = (app: string) => ALIASES.getByName(aliasObjectName(app, ALIAS));

describe("a device object and its aliases", () => {
  test("the last setter has an alias alone; the former holder is told, and refuses what was meant for it", async () => {
    const one = await openedApp();
    const a = await listening(one);
    const b = await listening(one);
    await setAlias(a.socket, false);
    const answer = a.send(false);
    a.socket.acknowledge(await a.socket.messages());
    expect(await answer).toMatchObject({ ok: true, status: "delivered" });

    await setAlias(b.socket, false);
    expect(await a.socket.expect("aliasLost")).toMatchObject({ value: { slot: 1, alias: ALIAS } });
    expect(await a.send(false)).toMatchObject({ ok: false, code: "alias_stale" });
    const holder = { device: b.client.stub.name, generation: 1 };
    expect(await aliasOf(one.app).holders()).toMatchObject({ shared: false, holders: [holder] });
    await evictDurableObject(aliasOf(one.app));
    expect(await aliasOf(one.app).holders()).toMatchObject({ shared: false, holders: [holder] });
  });

  test("a message of a shared alias is withdrawn from the others once one has taken it", async () => {
    const one = await openedApp();
    const a = await listening(one);
    const b = await listening(one);
    await setAlias(a.socket, true);
    await setAlias(b.socket, true);
    const key = crypto.getRandomValues(new Uint8Array(9));
    const answers = [a.send(true, key), b.send(true, key)];
    const [taken] = [await a.socket.messages(), await b.socket.messages()];
    a.socket.acknowledge(taken ?? []);
    expect(await b.socket.expect("withdraw")).toMatchObject({ value: { slot: 1, key } });
    expect(await Promise.all(answers)).toMatchObject([
      { status: "delivered" },
      { status: "recalled" },
    ]);
  });

  test("P6.1 A3 a message by firstAckWins: a row at the alias for each who takes it, and one at each other holder", async () => {
    const one = await openedApp();
    const holders = await Promise.all(Array.from({ length: 5 }, () => listening(one)));
    for (const { socket } of holders) await setAlias(socket, true);
    const atAlias = await countWrites(aliasOf(one.app));
    const at = await Promise.all(holders.map(({ client }) => countWrites(client.stub)));
    const rowsOf = () => at.map((written) => written().rows);
    const key = crypto.getRandomValues(new Uint8Array(9));
    const answers = holders.map((holder) => holder.send(true, key));
    const arrived = await Promise.all(holders.map(({ socket }) => socket.messages()));
    for (const n of [0, 1]) holders[n]?.socket.acknowledge(arrived[n] ?? []);
    for (const { socket } of holders.slice(2)) await socket.expect("withdraw");
    await Promise.all(answers);
    await expect.poll(async () => (await aliasOf(one.app).holders(key)).taken?.length).toBe(2);
    expect([rowsOf(), atAlias()]).toEqual([[0, 0, 1, 1, 1], { rows: 2, alarms: 0 }]);
  });

  test("P8.12 an alias that was of an earlier generation of its device leaves no database, once the later one asks", async () => {
    const one = await openedApp();
    const stub = aliasOf(one.app);
    const holder = { device: "a device", generation: 1 };
    const request = { app: one.app, alias: ALIAS };
    expect(await stub.set({ ...request, holder, shared: false })).toEqual({ ok: true });
    // Dropped tables leave a database behind, whose size on disk nothing here tells.
    let freed = 0;
    await runInDurableObject(stub, (_, { storage }) => {
      const deleteAll = storage.deleteAll.bind(storage);
      const value = () => {
        freed++;
        return deleteAll();
      };
      Object.defineProperty(storage, "deleteAll", { value });
    });
    const later = { ...request, holder: { ...holder, generation: 2 } };
    expect(await stub.confirm(later)).toEqual({ holds: false, shared: false });
    expect(freed).toBe(1);
  });

  test("the app server sets it and takes it away", async () => {
    const one = await openedApp();
    const { client } = await listening(one);
    const request = { app: one.app, generation: 1, alias: ALIAS, shared: false };
    expect(await client.stub.setAlias({ ...request, held: true })).toEqual({ ok: true });
    expect(await client.stub.describe(request)).toMatchObject({ aliases: [ALIAS] });
    expect(await client.stub.setAlias({ ...request, held: false })).toEqual({ ok: true });
    expect(await client.stub.describe(request)).toMatchObject({ aliases: [] });
    expect(await aliasOf(one.app).holders()).toEqual({ shared: false, holders: [] });
  });

  test("A3 P2.2 P8.12 who took a message is remembered by its alias in one row, over a sleep and without holders, and forgotten by an alarm", async () => {
    const one = await openedApp();
    const a = await listening(one);
    await setAlias(a.socket, true);
    const stub = aliasOf(one.app);
    const written = await countWrites(stub);
    const key = crypto.getRandomValues(new Uint8Array(9));
    const answer = a.send(true, key);
    const messages = await a.socket.messages();
    a.socket.acknowledge(messages);
    expect(await answer).toMatchObject({ status: "delivered" });
    await expect.poll(() => stub.holders(key)).toHaveProperty("taken");
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    await setAlias(a.socket, true, false);
    expect(written()).toEqual({ rows: 2, alarms: 1 });
    await evictDurableObject(stub);
    const holder = { device: a.client.stub.name, generation: 1 };
    const taken = [{ holder, seq: messages[0]?.seq, fingerprint: null }];
    expect(await stub.holders(key)).toEqual({ shared: true, holders: [], taken });
    await runInDurableObject(stub, (_, { storage }) => {
      // As if its time were over.
      const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM alias").toArray();
      const record = JSON.parse(row?.value ?? "");
      for (const each of record.taken) each.at -= LIMITS.IDEMPOTENCY_KEY_MS + 1;
      storage.sql.exec("UPDATE alias SET value = ?", JSON.stringify(record));
    });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await runInDurableObject(stub, async (_, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM sqlite_master").toArray()).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
  });
});
