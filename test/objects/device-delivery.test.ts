import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { Client, meshKeyring, openedApp, type Socket } from "./support/client.ts";
import { type Sleeper, sleepBetweenEveryTwoSteps } from "./support/sleep.ts";

const text = new TextDecoder();
const utf8 = new TextEncoder();
const data = (value: string) => ({ data: utf8.encode(value) });

afterEach(() => {
  vi.useRealTimers();
});

async function dataOf(socket: Socket): Promise<string[]> {
  return (await socket.messages()).map((message) => text.decode(message.data));
}

describe("delivery through a device object", () => {
  test("P4.1 an online device's acknowledgement is the sender's answer", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const answer = client.send(app);
    const messages = await socket.messages();
    socket.acknowledge(messages);
    expect(await answer).toEqual({ ok: true, status: "delivered", seq: messages[0]?.seq });
  });

  test("P4.9 a sender that waits is answered queued when its wait is over, and delivered if asked later", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const key = utf8.encode("123456789");
    const answer = await client.send(app, { waitMs: 20, key });
    expect(answer).toMatchObject({ ok: true, status: "queued" });
    socket.acknowledge(await socket.messages());
    await socket.synced();
    const seq = answer.ok ? answer.seq : 0;
    expect(await client.stub.status({ app, generation: 1, seq, key })).toMatchObject({
      status: "delivered",
    });
  });

  test("P4.3 a ttl 0 message is answered sent where the device has not said within the wait that it dropped it", async () => {
    const client = await Client.create();
    const { app } = await client.online();
    expect(await client.send(app, { ttlSeconds: 0, waitMs: 20 })).toMatchObject({ status: "sent" });
  });

  test("P1.7 a sender whose link is lost is answered queued, and the next link gets the message", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const answer = client.send(app);
    await socket.messages();
    socket.close();
    expect(await answer).toMatchObject({ status: "queued" });
    const next = await client.connect({ attach: [1] });
    expect(await next.messages()).toMatchObject([{ replay: true }]);
  });

  test("P1.7 a sender whose link is taken over is answered queued, and the newer link gets the message", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const answer = client.send(app);
    await socket.messages();
    const next = await client.connect({ attach: [1] });
    expect(await answer).toMatchObject({ status: "queued" });
    expect(await next.messages()).toHaveLength(1);
  });

  test("P3.1 what is queued is replayed in order, and goes when it is acknowledged", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    socket.close();
    await socket.closed;
    for (const value of ["1", "2", "3"]) await client.send(app, { ...data(value), waitMs: 0 });
    const second = await client.connect({ attach: [1] });
    expect(await dataOf(second)).toEqual(["1", "2", "3"]);
    const third = await client.connect({ attach: [1] });
    const messages = await third.messages();
    expect(messages).toHaveLength(3);
    third.acknowledge(messages.slice(0, 2));
    await third.synced();
    const fourth = await client.connect({ attach: [1] });
    expect(await dataOf(fourth)).toEqual(["3"]);
  });

  test.each([
    ["without a key", () => undefined],
    ["with a key", meshKeyring],
  ])("P1.4 S26 %s, a sleep between every two steps changes nothing", async (_, keyring) => {
    const client = await Client.create();
    const sleeper: Sleeper = {
      connect: (greeting) => client.connect(greeting),
      send: (app, fields) => client.send(app, fields),
      status: (request) => client.stub.status(request),
      sleep: () => evictDurableObject(client.stub, { webSockets: "hibernate" }),
      openedApp,
    };
    await sleepBetweenEveryTwoSteps(sleeper, keyring());
  });

  test("P1.4 an acknowledgement that comes after a sleep removes what was sent before it, and no more", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    await client.send(app, { ...data("1"), waitMs: 0 });
    const sent = await socket.messages();
    await evictDurableObject(client.stub);
    await client.send(app, { ...data("2"), waitMs: 0 });
    socket.acknowledge(sent);
    await socket.synced().catch(() => undefined);
    const next = await client.connect({ attach: [1] });
    expect(await dataOf(next)).toEqual(["2"]);
  });

  test("P4.5 the alarm ends what has expired, after a sleep too", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    socket.close();
    await socket.closed;
    const key = utf8.encode("123456789");
    const answer = await client.send(app, { ttlSeconds: 60, waitMs: 0, key });
    const request = { app, generation: 1, seq: answer.ok ? answer.seq : 0, key };
    await evictDurableObject(client.stub);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 120_000 });
    expect(await runDurableObjectAlarm(client.stub)).toBe(true);
    await evictDurableObject(client.stub);
    vi.setSystemTime(Date.now() - 120_000);
    expect(await client.stub.status(request)).toMatchObject({ status: "expired" });
    // The one that stands is for an account that nobody uses.
    const alarm = await runInDurableObject(client.stub, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now() + LIMITS.DEVICE_IDLE_MS / 2);
  });

  test("P4.8 an ended registration answers unregistered, from a fresh object too", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    socket.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    await socket.expect("unregistered");
    await evictDurableObject(client.stub);
    expect(await client.send(app)).toMatchObject({ ok: false, code: "unregistered" });
  });
});
