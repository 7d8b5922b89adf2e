import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SILENT_MS } from "../../core/link/silence.ts";
import { SqlDeviceStore } from "../../objects/storage/device-store.ts";
import { ERRORS } from "../../schema/errors.ts";
import { hello } from "../core/device/support/frames.ts";
import { Client, newStub, openedApp, randomText } from "./support/client.ts";

/** Time for the test itself, on a machine that is busy with other things. */
const SLACK_MS = 10_000;

/** Sets the clock of the objects forth, for the rest of the test. */
function advance(ms: number): void {
  const now = Date.now.bind(Date);
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + ms);
  onTestFinished(() => clock.mockRestore());
}

describe("the link of a device object", () => {
  test("L2 hello is answered by welcome, on the subprotocol of the link", async () => {
    const client = await Client.create();
    const socket = await client.dial();
    socket.send(hello());
    const { value } = await socket.expect("welcome");
    expect(value).toMatchObject({ registrations: [], resumed: false });
    expect(value.session).toHaveLength(16);
  });

  test("L1 the newest link wins, and the older is closed with replaced", async () => {
    const client = await Client.create();
    const { socket: older, app } = await client.online();
    const newer = await client.connect({ attach: [1] });
    expect(await older.closed).toEqual({ code: ERRORS.replaced.close, reason: "replaced" });
    const answer = client.send(app);
    newer.acknowledge(await newer.messages());
    expect(await answer).toMatchObject({ status: "delivered" });
  });

  test("L1 the newest wins also against one that slept", async () => {
    const client = await Client.create();
    const { socket: older } = await client.online();
    await evictDurableObject(client.stub);
    const newer = await client.connect();
    expect(await older.closed).toMatchObject({ code: ERRORS.replaced.close });
    await evictDurableObject(client.stub);
    await newer.synced();
  });

  test.each([
    ["text that is not the heartbeat", "pong"],
    ["bytes that are no frame", Uint8Array.of(0xff)],
  ])("L2 %s closes it with protocol_error", async (_, frame) => {
    const client = await Client.create();
    const socket = await client.connect();
    socket.send(frame);
    const { code, reason } = await socket.closed;
    expect(code).toBe(ERRORS.protocol_error.close);
    expect(reason).toMatch(/^protocol_error: /);
  });

  test("P7.3 a connect that the core refuses is an open socket that closes with the verdict", async () => {
    const client = await Client.create();
    const jti = randomText(12);
    await client.dial({ jti });
    const replayed = await client.dial({ jti });
    expect(await replayed.closed).toMatchObject({ code: ERRORS.token_replayed.close });
    const foreign = await client.dial({ publicKey: randomText(32) });
    expect(await foreign.closed).toMatchObject({ code: ERRORS.account_replaced.close });
  });

  test("P7.3 a refused connect leaves the standing link alone", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    await (await client.dial({ publicKey: randomText(32) })).closed;
    await socket.synced();
  });

  test("L7 a drain closes it with going_away, and a device that is not linked is left alone", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    await client.stub.drain();
    expect(await socket.closed).toMatchObject({ code: ERRORS.going_away.close });
    await client.stub.drain();
    await newStub().drain();
  });

  test("P7.5 a link that ends while the object sleeps still counts as the last use of the device", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const link = () =>
      runInDurableObject(client.stub, (_, { storage }) =>
        new SqlDeviceStore(storage.sql, "name").readLink(),
      );
    const before = await link();
    await evictDurableObject(client.stub);
    socket.close();
    await socket.closed;
    await expect
      .poll(async () => (await link())?.lastSeenMs)
      .toBeGreaterThan(before?.lastSeenMs ?? Infinity);
  });

  test("P7.5 a device that holds a link is not displaced, though its object slept", async () => {
    const client = await Client.create();
    await client.online();
    await evictDurableObject(client.stub);
    expect(
      await client.stub.openAccount({ publicKey: randomText(32), handoverFrom: null }),
    ).toMatchObject({ code: "device_active" });
  });

  test("P7.5 a handover closes the link of the old key", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const handoverFrom = client.publicKey;
    expect(await client.stub.openAccount({ publicKey: randomText(32), handoverFrom })).toEqual({
      ok: true,
      generation: 2,
      outcome: "replaced",
    });
    expect(await socket.closed).toMatchObject({ code: ERRORS.account_replaced.close });
  });

  test("P8.10 an account and its link make no tables before the first registration, and the link outlives a sleep", async () => {
    const client = await Client.create();
    const socket = await client.connect();
    await evictDurableObject(client.stub);
    await socket.synced();
    const tables = () =>
      runInDurableObject(client.stub, (_, { storage }) =>
        storage.sql
          .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
          .toArray(),
      );
    expect(await tables()).toEqual([]);
    socket.command({ kind: "register", value: { request: 1, appId: (await openedApp()).appId } });
    await socket.expect("registered");
    expect((await tables()).length).toBeGreaterThan(0);
    await evictDurableObject(client.stub);
    await socket.synced();
  });

  test("L8 a link that slept and fell silent is ended by the next send, which waits for nobody and is not lost", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    await evictDurableObject(client.stub);
    advance(SILENT_MS);
    // A wait of 20 s would be the test's end.
    const answer = await client.send(app, { waitMs: 20_000 });
    expect(answer).toMatchObject({ status: "queued" });
    expect(await socket.closed).toMatchObject({ code: ERRORS.silent.close });
    const again = await client.connect({ attach: [1] });
    expect(await again.messages()).toHaveLength(1);
  });

  test("L8 one that was heard of seconds less than that ago stands, as one whose heartbeat was answered", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const seen = Date.now();
    await evictDurableObject(client.stub);
    socket.send("ping");
    expect(await socket.next()).toBe("pong");
    advance(SILENT_MS - (Date.now() - seen) - SLACK_MS);
    await client.stub.drain();
    expect(await socket.closed).toMatchObject({ code: ERRORS.going_away.close });
  });

  test("P6.3 the heartbeat is answered without waking the object", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    await evictDurableObject(client.stub);
    for (let i = 0; i < 3; i++) {
      socket.send("ping");
      expect(await socket.next()).toBe("pong");
    }
    await expect(evictDurableObject(client.stub)).rejects.toThrow(/not.*running/i);
  });

  test("P7.4 a regId is the same after the object slept", async () => {
    const client = await Client.create();
    const socket = await client.connect();
    const { appId } = await openedApp();
    const register = async () => {
      socket.command({ kind: "register", value: { request: 1, appId } });
      return (await socket.expect("registered")).value.registration;
    };
    const first = await register();
    await evictDurableObject(client.stub);
    expect(await register()).toEqual(first);
  });
});
