/** The device SDK against a scripted mesh: registrations, messages, acknowledgements, duplicates. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataHash } from "../../../schema/data-hash.ts";
import { Priority } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { formatMessageId } from "../../../schema/text.ts";
import { DuplicateWindow } from "../../../sdk/device/client/window.ts";
import { memoryStorage, openClient, type Storage, startService } from "../../../sdk/device/mod.ts";
import { BatchedStorage } from "../../../sdk/device/storage/batched.ts";
import { settle, until } from "./fake/clock.ts";
import {
  APP,
  FakeMesh,
  gate,
  listening as listeningOn,
  seqAt,
  start,
  turningStorage,
} from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const listening = (storage?: Storage) => listeningOn(mesh, storage);

describe("registering", () => {
  it("makes an account, registers once, and knows its regId at the next start without asking", async () => {
    const storage = memoryStorage();
    const first = await listening(storage);
    expect(first.regIds).toEqual([first.regId]);
    await first.client.close();

    const second = await start(mesh, { storage });
    expect(second.client.regId).toBe(first.regId);
    expect(await second.client.register()).toBe(first.regId);
    expect(mesh.requests).toEqual(["POST /v1/devices"]);
    expect(second.regIds).toEqual([]);
    const registers = mesh.socket.frames.filter(({ kind }) => kind === "register");
    expect(registers).toEqual([]);
    await second.client.close();
  });

  it("waits for a network, and asks again on the next link when one is lost before the answer", async () => {
    mesh.auto = false;
    const { client } = await start(mesh);
    const regId = client.register();
    const first = await until(() => mesh.sockets[0], "a socket");
    first.open();
    first.welcome();
    await until(() => first.frames.length === 1, "the command");
    first.end(1006);
    await settle();
    mesh.auto = true;
    await mesh.clock.advance(1_000);
    expect(await regId).toBe("reg-AAAA-1-0");
    await client.close();
  });

  it("passes a refusal on, and goes on working", async () => {
    mesh.auto = false;
    const { client } = await start(mesh);
    const refused = client.register();
    const socket = await until(() => mesh.sockets[0], "a socket");
    socket.open();
    socket.welcome();
    await until(() => socket.frames.length === 1, "the command");
    const refusal = { code: 703, name: "app_unknown", message: "no such app", request: 1 };
    socket.push({ kind: "refusal", value: refusal });
    await expect(refused).rejects.toMatchObject({ code: "app_unknown", retry: "never" });
    const second = client.register();
    await until(() => socket.frames.length === 2, "the second command");
    const registration = mesh.register(APP);
    socket.push({ kind: "registered", value: { request: 2, registration } });
    expect(await second).toBe(registration.regId);
    await client.close();
  });

  it("honours retryAfterMs of a command that came too fast", async () => {
    mesh.auto = false;
    mesh.random = 0;
    const { client } = await start(mesh);
    const regId = client.register();
    const socket = await until(() => mesh.sockets[0], "a socket");
    socket.open();
    socket.welcome();
    await until(() => socket.frames.length === 1, "the command");
    const refusal = { code: 706, name: "rate_limited", message: "", request: 1, retryAfterMs: 700 };
    socket.push({ kind: "refusal", value: refusal });
    await mesh.clock.advance(699);
    expect(socket.frames).toHaveLength(1);
    mesh.auto = true;
    await mesh.clock.advance(1);
    expect(await regId).toBe("reg-AAAA-1-0");
    await client.close();
  });

  it("ends a registration, which a restart does not revive", async () => {
    const storage = memoryStorage();
    const { client } = await listening(storage);
    await client.unregister();
    expect(client.regId).toBeUndefined();
    expect(mesh.registrations).toEqual([]);
    await client.unregister();
    await client.close();
    const again = await start(mesh, { storage });
    await until(() => again.client.state === "connected", "the link");
    await settle();
    expect(mesh.registrations).toEqual([]);
    await again.client.close();
  });

  it("P7.4 ends a registration that was to end without a network, also at the next start, before anything else", async () => {
    const storage = memoryStorage();
    const { client, regId } = await listening(storage);
    mesh.auto = false;
    mesh.socket.end(1006);
    const ended = client.unregister();
    const registered = client.register();
    expect(client.regId).toBeUndefined();
    await settle();
    await client.close();
    await expect(ended).rejects.toThrow(expect.objectContaining({ code: "client_closed" }));
    await expect(registered).rejects.toThrow(expect.objectContaining({ code: "client_closed" }));

    mesh.auto = true;
    const again = await start(mesh, { storage });
    expect(again.client.regId).toBeUndefined();
    again.client.onMessage(() => {});
    const other = await again.client.register();
    expect(other).not.toBe(regId);
    expect(again.client.regId).toBe(other);
    expect(again.regIds).toEqual([other]);
    const kinds = mesh.socket.frames.map(({ kind }) => kind);
    expect(kinds).toEqual(["unregister", "register", "attach"]);
    await again.client.close();

    const third = await start(mesh, { storage });
    expect(third.client.regId).toBe(other);
    await until(() => third.client.state === "connected", "the link");
    await settle();
    expect(mesh.registrations.map(({ regId }) => regId)).toEqual([other]);
    await third.client.close();
  });

  it("P7.4 does not end a registration that has taken the place of the one that was to end", async () => {
    const storage = memoryStorage();
    const { client, regId } = await listening(storage);
    await client.unregister();
    const other = await client.register();
    await client.close();
    // As after a crash between the mesh's answers and the writes.
    await storage.set(`app/${APP}/regId`, regId);
    await storage.set(`app/${APP}/ending`, regId);
    const again = await start(mesh, { storage });
    again.client.onMessage(() => {});
    await until(() => again.client.regId === other, "the mesh's answer");
    await settle();
    expect(mesh.socket.frames.map(({ kind }) => kind)).toEqual(["attach"]);
    expect(mesh.registrations.map(({ regId }) => regId)).toEqual([other]);
    expect(await storage.get(`app/${APP}/ending`)).toBeUndefined();
    await again.client.close();
  });

  it("keeps a registration whose end was taken back before it was asked for", async () => {
    const storage = memoryStorage();
    const { client, regId } = await listening(storage);
    mesh.auto = false;
    mesh.socket.end(1006);
    const controller = new AbortController();
    const ended = client.unregister({ signal: controller.signal });
    controller.abort(new Error("stay"));
    await expect(ended).rejects.toThrow("stay");
    expect(client.regId).toBe(regId);
    await client.close();
    mesh.auto = true;
    const again = await start(mesh, { storage });
    await until(() => again.client.state === "connected", "the link");
    await settle();
    expect(mesh.registrations).toHaveLength(1);
    await again.client.close();
  });

  it("does not revive a registration whose end was lost with the link", async () => {
    const { client, regIds } = await listening();
    mesh.auto = false;
    const ended = client.unregister();
    const first = mesh.socket;
    await until(() => first.frames.some(({ kind }) => kind === "unregister"), "the command");
    mesh.registrations.length = 0;
    first.end(1006);
    await settle();
    mesh.auto = true;
    await mesh.clock.advance(500);
    await ended;
    await settle();
    expect(mesh.registrations).toEqual([]);
    expect(regIds).toHaveLength(1);
    await client.close();
  });

  it("attaches nothing of the account before, when that was made anew under a running client", async () => {
    const { client, regIds } = await listening();
    mesh.dropAccounts();
    mesh.socket.end(1006);
    for (let i = 0; i < 6 && regIds.length < 2; i++) {
      await settle();
      await mesh.clock.advance(10_000);
      await until(() => /connected|waiting/.test(client.state), "an answer");
    }
    await until(() => regIds.length === 2, "the new regId");
    expect(mesh.socket.hello?.attach).toEqual([]);
    await until(() => mesh.socket.attached.size === 1, "the attach");
    await client.close();
  });

  it("registers again by itself and says the new regId when the account was made anew", async () => {
    const storage = memoryStorage();
    const first = await listening(storage);
    await first.client.close();
    mesh.dropAccounts();
    const second = await start(mesh, { storage });
    await until(() => second.client.state === "waiting", "the refused token");
    for (let i = 0; i < 3 && second.regIds.length === 0; i++) {
      await mesh.clock.advance(4_000);
      await until(() => /connected|waiting/.test(second.client.state), "an answer");
    }
    await until(() => second.regIds.length === 1, "the new regId");
    expect(second.regIds[0]).not.toBe(first.regId);
    expect(second.client.regId).toBe(second.regIds[0]);
    expect(mesh.requests.filter((line) => line === "POST /v1/devices")).toHaveLength(2);
    await second.client.close();
  });

  it("ends a wait by its signal, and every wait by close", async () => {
    mesh.auto = false;
    const { client } = await start(mesh);
    const abort = new AbortController();
    const aborted = client.register({ signal: abort.signal });
    const closed = client.register();
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await Promise.all([
      expect(closed).rejects.toMatchObject({ code: "client_closed" }),
      client.close(),
    ]);
    await expect(client.register()).rejects.toMatchObject({ code: "client_closed" });
  });

  it("does not send what was aborted before it was sent, and leaves no listener on a signal", async () => {
    mesh.auto = false;
    const { client } = await start(mesh);
    const abort = new AbortController();
    const { signal } = abort;
    const listeners = new Set<unknown>();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (type: string, listener: never) => {
      listeners.add(listener);
      addEventListener.call(signal, type, listener);
    };
    signal.removeEventListener = (type: string, listener: never) => {
      listeners.delete(listener);
      removeEventListener.call(signal, type, listener);
    };
    const registered = client.register({ signal });
    const aborted = client.subscribe("never", { signal: AbortSignal.abort("before") });
    await expect(aborted).rejects.toBe("before");
    const second = new AbortController();
    const unsent = client.subscribe("unsent", { signal: second.signal });
    second.abort("while it waited");
    await expect(unsent).rejects.toBe("while it waited");
    await until(() => mesh.sockets.length === 1, "the socket");
    mesh.auto = true;
    mesh.socket.open();
    await registered;
    await client.subscribe("sent", { signal });
    expect([...mesh.held(0).tags]).toEqual(["sent"]);
    expect(listeners.size).toBe(0);
    await client.close();
  });

  it("says the error of a command whose appId is none", async () => {
    for (const appId of [undefined, null, 5, ""]) {
      await expect(start(mesh, { appId: appId as never })).rejects.toMatchObject({
        code: "option_invalid",
        message: expect.stringContaining("appId"),
      });
    }
  });

  it("L6 asks its link for a sign of life when the network may have gone, and gives it up in 10 s", async () => {
    const { client, states } = await start(mesh);
    await until(() => client.state === "connected", "the link");
    mesh.socket.alive = false;
    mesh.wentOffline?.();
    await mesh.clock.advance(10_000);
    expect(states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    await client.close();
    expect(mesh.wentOffline).toBeUndefined();
  });
});

describe("messages", () => {
  it("come in the sender's form, with an ID, times and priority", async () => {
    const { client, got, regId } = await listening();
    const sentAt = mesh.now() - 1_234;
    const text = mesh.message("Grüße\u{1F600}", { seq: seqAt(sentAt, 7), collapseKey: "k" });
    const json = mesh.message('{"a":[1,null]}', { contentType: 1, priority: Priority.HIGH });
    const bytes = mesh.message("", { contentType: 3, data: Uint8Array.of(0, 255) });
    mesh.socket.deliver(text, json, bytes);
    await until(() => got.length === 3, "the messages");
    const byId = new Map(got.map((message) => [message.id, message]));
    const idOf = ({ seq, key }: typeof text): string => formatMessageId({ seq, key, regId });
    expect(byId.get(idOf(text))).toEqual({
      id: idOf(text),
      data: "Grüße\u{1F600}",
      priority: "normal",
      collapseKey: "k",
      sentAt,
      expiresAt: text.expiresAtMs,
    });
    expect(byId.get(idOf(json))).toMatchObject({
      data: { a: [1, null] },
      json: '{"a":[1,null]}',
      priority: "high",
    });
    expect(byId.get(idOf(bytes))?.data).toEqual(Uint8Array.of(0, 255));
    await client.close();
  });

  it("P4 are acknowledged after the handler, and not before", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let entered = 0;
    client.onMessage(() => {
      entered++;
      return opened;
    });
    const message = mesh.message("one");
    mesh.socket.deliver(message);
    await until(() => entered === 1, "the handler");
    await settle();
    expect(mesh.socket.acks).toEqual([]);
    open();
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 2, seq: message.seq }]);
    await client.close();
  });

  it("are acknowledged in the turn of the handler, a burst of them in one frame", async () => {
    const { client, got } = await listening(turningStorage());
    const burst = Array.from({ length: 20 }, (_, i) =>
      mesh.message(String(i), { priority: ((i % 3) + 1) as Priority }),
    );
    mesh.socket.deliver(...burst);
    // No timer between: the turns that the storage takes are enough.
    await settle();
    expect(got).toHaveLength(20);
    const ackFrames = mesh.socket.frames.filter(({ kind }) => kind === "acks");
    expect(ackFrames.length).toBeLessThanOrEqual(3);
    const last = new Map(mesh.socket.acks.map((ack) => [ack.priority, ack.seq]));
    for (const priority of [1, 2, 3] as const) {
      const seqs = burst.filter((message) => message.priority === priority).map(({ seq }) => seq);
      expect(last.get(priority)).toBe(Math.max(...seqs));
    }
    await client.close();
  });

  it("P3 of one priority are handed over one after another, in order; a higher one overtakes", async () => {
    const { client } = await listening();
    const events: string[] = [];
    const gates = new Map<unknown, () => void>();
    client.onMessage(async ({ data }) => {
      events.push(`+${data}`);
      const { open, opened } = gate();
      gates.set(data, open);
      await opened;
      events.push(`-${data}`);
    });
    mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
    mesh.socket.deliver(mesh.message("urgent", { priority: Priority.HIGH }));
    await until(() => events.length === 2, "two handlers");
    expect(events).toEqual(["+a", "+urgent"]);
    gates.get("urgent")?.();
    gates.get("a")?.();
    await until(() => gates.has("b"), "b");
    gates.get("b")?.();
    await until(() => events.includes("-b"), "the end of b");
    expect(events.filter((event) => !event.includes("urgent"))).toEqual(["+a", "-a", "+b", "-b"]);
    await client.close();
  });

  it("P1 of a handler that throws stay unacknowledged, hold their lane, and are tried again", async () => {
    const { client, errors } = await listening();
    const calls: unknown[] = [];
    let broken = true;
    client.onMessage(({ data }) => {
      calls.push(data);
      if (broken && data === "a") throw new Error("no disk");
    });
    const [a, b, urgent] = [
      mesh.message("a"),
      mesh.message("b"),
      mesh.message("u", { priority: Priority.HIGH }),
    ];
    mesh.socket.deliver(a, b, urgent);
    await settle();
    expect(calls).toEqual(["a", "u"]);
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 1, seq: urgent.seq }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: "handler_failed", attempt: 1, retryAfterMs: 1_000 });
    expect(errors[0]?.cause).toMatchObject({ message: "no disk" });
    await mesh.clock.advance(1_000);
    expect(errors[1]).toMatchObject({ attempt: 2, retryAfterMs: 2_000 });
    broken = false;
    await mesh.clock.advance(1_999);
    expect(calls).toEqual(["a", "u", "a"]);
    await mesh.clock.advance(1);
    expect(calls).toEqual(["a", "u", "a", "a", "b"]);
    expect(mesh.socket.acks.at(-1)).toEqual({ slot: 0, priority: 2, seq: b.seq });
    await client.close();
  });

  it("P1 of a handler that throws come again on the next link, once", async () => {
    const { client, errors } = await listening();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      if (calls.length === 1) throw new Error("once");
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => errors.length === 1, "the error");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    second.deliver({ ...message, replay: true });
    await until(() => second.acks.length === 1, "the acknowledgement");
    await mesh.clock.advance(60_000);
    expect(calls).toEqual(["a", "a"]);
    await client.close();
  });

  it("P1 of a handler that fails after its link was lost are left to the replay", async () => {
    const { client, errors } = await listening();
    let calls = 0;
    let fail = (_: Error): void => {};
    client.onMessage(() => {
      calls++;
      return new Promise((_, reject) => {
        fail = reject;
      });
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => calls === 1, "the handler");
    mesh.socket.end(1006);
    await settle();
    fail(new Error("late"));
    await until(() => errors.length === 1, "the error");
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    await settle();
    expect(calls).toBe(1);
    second.deliver({ ...message, replay: true });
    // At once: the wait before another try belonged to the link that is gone.
    await until(() => calls === 2, "the replay");
    fail(new Error("again"));
    await client.close();
  });

  it("of a link that is gone are not acknowledged on the next one, where they were not sent", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let calls = 0;
    client.onMessage(() => {
      calls++;
      return opened;
    });
    mesh.socket.deliver(mesh.message("a"));
    await until(() => calls === 1, "the handler");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    open();
    await settle();
    expect(second.acks).toEqual([]);
    await client.close();
  });

  it("are timed by the clock of the last welcome", async () => {
    const { client, texts } = await listening();
    mesh.skewMs = 50_000;
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    second.deliver(mesh.message("late", { expiresAtMs: mesh.now() - 1 }));
    await until(() => second.acks.length === 1, "the acknowledgement");
    expect(texts()).toEqual([]);
    await client.close();
  });

  it("are dropped and acknowledged when they come after their time, by the mesh's clock", async () => {
    mesh.skewMs = -50_000;
    const { client, texts } = await listening();
    const late = mesh.message("late", { expiresAtMs: mesh.now() });
    const fresh = mesh.message("fresh", { expiresAtMs: mesh.now() + 1 });
    mesh.socket.deliver(late, fresh);
    await until(() => mesh.socket.acks.some(({ seq }) => seq === fresh.seq), "both acknowledged");
    expect(texts()).toEqual(["fresh"]);
    await client.close();
  });

  it("P1.6 are neither dropped nor acknowledged where a clock was set meanwhile: a new link tells the time", async () => {
    const { client, texts } = await listening();
    // The mesh's set back, or the device's forth.
    mesh.skewMs -= 60_000;
    const late = mesh.message("late", { expiresAtMs: mesh.now() + 20_000 });
    mesh.socket.deliver(late, mesh.message("behind it"));
    await until(() => client.state === "waiting", "the end of the link");
    expect(mesh.socket.acks).toEqual([]);
    await mesh.clock.advance(2_000);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    second.deliver({ ...late, replay: true });
    await until(() => second.acks.length === 1, "the acknowledgement");
    expect(texts()).toEqual(["late"]);
    await client.close();
  });

  it("P4.1 of a now-or-never send are not acknowledged where they come after its sender can be waiting", async () => {
    const { client, texts } = await listening();
    const { expiresAtMs: _, ...stale } = mesh.message("stale");
    await mesh.clock.advance(LIMITS.ACK_WAIT_MAX_MS);
    const first = mesh.socket;
    first.deliver(stale);
    await until(() => client.state === "waiting", "the end of the link");
    expect(first.acks).toEqual([]);
    expect(texts()).toEqual([]);
    await client.close();
  });

  it("P4 of a now-or-never send are not shown once their sender cannot be waiting any more", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      return opened;
    });
    const slow = mesh.message("slow");
    const { expiresAtMs: _, ...now } = mesh.message("now");
    mesh.socket.deliver(slow, now);
    await settle();
    await mesh.clock.advance(LIMITS.ACK_WAIT_MAX_MS);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === now.seq), "the acknowledgement");
    expect(calls).toEqual(["slow"]);
    await client.close();
  });

  it.each([
    ["JSON that is none", 1, "{"],
    ["JSON of no object", 1, "[1]"],
    ["text that is no UTF-8", 2, Uint8Array.of(0xff)],
  ] as const)("with %s are an error and do not block the lane", async (_, contentType, data) => {
    const { client, errors, texts } = await listening();
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    mesh.socket.deliver(mesh.message("", { contentType, data: bytes }), mesh.message("next"));
    await until(() => texts().length === 1, "the next message");
    expect(errors.map(({ code }) => code)).toEqual(["data_invalid"]);
    await client.close();
  });

  it("P1.1 wait in the mesh while nobody listens, also those that are here: they may end there", async () => {
    const { client, texts } = await listening();
    const { open, opened } = gate();
    const stop = client.onMessage(() => opened);
    mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
    await settle();
    stop();
    await until(() => mesh.socket.attached.size === 0, "the detach");
    open();
    await settle();
    expect(mesh.socket.acks).toHaveLength(1);
    const got: unknown[] = [];
    client.onMessage(({ data }) => {
      got.push(data);
    });
    await until(() => mesh.socket.attached.size === 1, "the attach");
    expect(got).toEqual([]);
    mesh.socket.deliver(mesh.message("c"));
    await until(() => got.length === 1, "c");
    expect(got).toEqual(["c"]);
    expect(texts()).toEqual([]);
    await client.close();
  });
});

it("P1.5 attach again on the same link only when what was sent before the detach is here", async () => {
  const storage = memoryStorage();
  const { host } = mesh;
  const service = await startService({ url: "https://push.test", storage, host });
  const open = async () => {
    const client = await openClient({ appId: APP, port: service.openPort(), storage, host });
    client.onMessage(() => {});
    return client;
  };
  const first = await open();
  await first.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect(mesh.socket.echoes).toBe(0);
  await first.close();
  await until(() => mesh.socket.attached.size === 0, "the detach");

  const second = await open();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect(mesh.socket.echoes).toBe(1);
  await second.close();
  await until(() => mesh.socket.attached.size === 0, "the detach");

  mesh.socket.alive = false;
  await open();
  await until(() => mesh.socket.echoes === 2, "the question whether all is here");
  await settle();
  expect(mesh.socket.attached.size).toBe(0);
  service.close();
});

describe("P2 duplicates", () => {
  it("are acknowledged and not shown, whatever their seq, on this link and the next", async () => {
    const { client, texts } = await listening();
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    const again = { ...message, seq: message.seq + 5 };
    mesh.socket.deliver(again);
    await until(() => mesh.socket.acks.length === 2, "the second acknowledgement");
    mesh.socket.end(1012);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    second.deliver({ ...message, replay: true });
    await until(() => second.acks.length === 1, "the third acknowledgement");
    expect(texts()).toEqual(["a"]);
    expect(second.hello?.lastSeq).toBe(again.seq);
    expect(second.hello?.attach).toEqual([0]);
    expect(second.hello?.session).toEqual(new Uint8Array(16).fill(1));
    await client.close();
  });

  it("P2.1 P4.1 are none where the sender has used its key for other data once more", async () => {
    const storage = memoryStorage();
    const first = await listening(storage);
    const message = mesh.message("monday");
    mesh.socket.deliver(message);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    await first.client.close();

    // The mesh has forgotten the key meanwhile: whether by its life or a kill, it says so by another seq.
    const { client, texts } = await listening(storage);
    const later = mesh.message("tuesday", { key: message.key });
    mesh.socket.deliver(later, { ...message, seq: later.seq + 2 });
    await until(() => mesh.socket.acks.some(({ seq }) => seq === later.seq + 2), "the last");
    expect(texts()).toEqual(["tuesday"]);
    expect(mesh.socket.acks.flatMap(({ discarded = [] }) => discarded)).toEqual([]);
    await client.close();
  });

  it("P4.3 are told of a message that comes for its answer alone, without its data", async () => {
    const { client, texts } = await listening();
    const [taken, missed] = [mesh.message("taken"), mesh.message("missed")];
    mesh.socket.deliver(taken);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    const asked = { data: new Uint8Array(), remainingMs: 0, replay: true };
    second.deliver({ ...taken, ...asked }, { ...missed, ...asked });
    await until(() => second.acks.some(({ seq }) => seq === missed.seq), "the answers");
    expect(second.acks.flatMap(({ discarded = [] }) => discarded)).toEqual([missed.seq]);
    expect(texts()).toEqual(["taken"]);
    await client.close();
  });

  it("P4.1 P2.2 are not told of a message whose key was another's, where the mesh asks with the hash of its data", async () => {
    const { client, texts } = await listening();
    const taken = mesh.message("taken");
    mesh.socket.deliver(taken);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    const asked = { key: taken.key, remainingMs: 0, replay: true };
    const none = { data: new Uint8Array() };
    const hashOf = (text: string) => ({ dataHash: dataHash(new TextEncoder().encode(text)) });
    const questions = [
      mesh.message("", { ...asked, ...none, ...hashOf("another") }),
      mesh.message("", { ...asked, ...none, ...hashOf("taken") }),
      mesh.message("", { ...asked, ...hashOf("") }),
      mesh.message("taken", { ...asked, ...hashOf("taken") }),
      // As an older mesh asks.
      mesh.message("", { ...asked, ...none }),
    ];
    second.deliver(...questions);
    const last = questions.at(-1)?.seq;
    await until(() => second.acks.some(({ seq }) => seq === last), "the answers");
    const discarded = second.acks.flatMap(({ discarded = [] }) => discarded);
    expect(discarded).toEqual([questions[0]?.seq, questions[2]?.seq]);
    expect(texts()).toEqual(["taken"]);
    await client.close();
  });

  it("P2.1 are known of a message that comes again after thousands that are more urgent", async () => {
    const storage = memoryStorage();
    const { client, got } = await listening(storage);
    const calm = [Priority.NORMAL, Priority.LOW].map((priority) =>
      mesh.message("calm", { priority }),
    );
    mesh.socket.deliver(...calm);
    await until(() => mesh.socket.acks.length === calm.length, "the acknowledgements");
    await client.close();

    // The mesh was killed before it read them: what waited for the device comes first, and more comes meanwhile.
    const second = await listening(storage);
    const count = 2 * LIMITS.DUPLICATE_WINDOW;
    for (let sent = 0; sent < count; sent += 128) {
      const urgent = { priority: Priority.HIGH };
      mesh.socket.deliver(...Array.from({ length: 128 }, () => mesh.message("urgent", urgent)));
      await until(() => second.got.length === sent + 128, "a batch");
    }
    mesh.socket.deliver(...calm.map((message) => ({ ...message, replay: true })));
    const [last] = calm.slice(-1);
    await until(() => mesh.socket.acks.some(({ seq }) => seq === last?.seq), "the last of all");
    expect(got.length).toBe(calm.length);
    expect(second.got.length).toBe(count);
    await second.client.close();
  });

  it("of a message whose handler still runs wait for it, and its acknowledgement goes to the new link", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let calls = 0;
    client.onMessage(() => {
      calls++;
      return opened;
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => calls === 1, "the handler");
    const first = mesh.socket;
    first.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    second.deliver({ ...message, replay: true });
    await settle();
    expect(second.acks).toEqual([]);
    open();
    await until(() => second.acks.length === 1, "the acknowledgement");
    expect(calls).toBe(1);
    expect(first.acks).toEqual([]);
    await client.close();
  });

  it("P1 with a lower seq do not take back what was acknowledged in the same turn", async () => {
    const { client } = await listening();
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    mesh.socket.deliver(a);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    mesh.socket.deliver(b, a);
    await settle();
    const [, ...acks] = mesh.socket.acks;
    expect(Math.max(...acks.map(({ seq }) => seq))).toBe(b.seq);
    await client.close();
  });

  it("P2.1 of 1,089 broadcasts and nothing else the newest are known after a restart", async () => {
    const inner = memoryStorage();
    const open = async () => {
      const storage = new BatchedStorage(inner, () => {}, mesh.host);
      const window = new DuplicateWindow(storage, "w/");
      await window.load();
      return { storage, window };
    };
    const keys = Array.from({ length: 1_089 + 64 }, (_, i) => mesh.message(String(i)));
    const first = await open();
    for (const key of keys.slice(0, 1_089)) first.window.add(key, 0);
    await first.storage.settled();
    const second = await open();
    const newest = keys.slice(1_089 - LIMITS.DUPLICATE_WINDOW, 1_089);
    expect(newest.filter((key) => !second.window.has(key))).toEqual([]);
    // And the next ones take the place of the oldest, not of the newest.
    for (const key of keys.slice(1_089)) second.window.add(key, 0);
    await second.storage.settled();
    const { window } = await open();
    expect(keys.slice(-LIMITS.DUPLICATE_WINDOW).filter((key) => !window.has(key))).toEqual([]);
  });

  it("P8 are remembered within a bound", async () => {
    const storage = new BatchedStorage(memoryStorage(), () => {}, mesh.host);
    const window = new DuplicateWindow(storage, "w/");
    await window.load();
    const keys = Array.from({ length: 5_000 }, (_, i) => mesh.message(String(i)));
    for (const key of keys) window.add(key, 1);
    const known = keys.filter((key) => window.has(key));
    expect(known.length).toBeGreaterThanOrEqual(LIMITS.DUPLICATE_WINDOW);
    expect(known.length).toBeLessThanOrEqual(LIMITS.DUPLICATE_WINDOW + 64);
    expect(known).toEqual(keys.slice(-known.length));
    await storage.settled();
  });

  it("are known across restarts, the last 1,024 of them", async () => {
    const storage = memoryStorage();
    const messages = Array.from({ length: LIMITS.DUPLICATE_WINDOW + 300 }, (_, i) =>
      mesh.message(String(i)),
    );
    const first = await listening(storage);
    for (let i = 0; i < messages.length; i += 100) {
      mesh.socket.deliver(...messages.slice(i, i + 100));
      await until(() => first.got.length === Math.min(i + 100, messages.length), "a batch");
    }
    await first.client.close();

    const second = await listening(storage);
    expect(mesh.socket.hello?.lastSeq).toBe(messages.at(-1)?.seq);
    const remembered = messages.slice(-LIMITS.DUPLICATE_WINDOW);
    for (let i = 0; i < remembered.length; i += 128) {
      const batch = remembered.slice(i, i + 128);
      mesh.socket.deliver(...batch);
      const last = batch.at(-1)?.seq;
      await until(() => mesh.socket.acks.some(({ seq }) => seq === last), "the acknowledgement");
    }
    expect(second.texts()).toEqual([]);
    mesh.socket.deliver(mesh.message("new"));
    await until(() => second.got.length === 1, "the new one");
    await second.client.close();
  });

  it("are told within a registration only: another one starts with none", async () => {
    const { client, texts } = await listening();
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    await client.unregister();
    await client.register();
    const slot = mesh.registrations[0]?.slot ?? -1;
    mesh.socket.deliver({ ...message, slot });
    await until(() => texts().length === 2, "the second");
    await client.close();
  });

  it("P1 are acknowledged only when every key before them is stored", async () => {
    const { open, opened } = gate();
    const inner = memoryStorage();
    let held = false;
    const storage: Storage = {
      ...inner,
      set: async (key, value) => {
        if (held && key.includes("/window/")) await opened;
        return inner.set(key, value);
      },
    };
    const { client, got } = await listening(storage);
    held = true;
    const message = mesh.message("a");
    mesh.socket.deliver(message, mesh.message("late", { expiresAtMs: mesh.now() - 1 }));
    await until(() => got.length === 1, "the message");
    await settle();
    expect(mesh.socket.acks).toEqual([]);
    open();
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    await client.close();
  });
});

describe("several apps", () => {
  it("share one account and one link, and get their own messages", async () => {
    const storage = memoryStorage();
    const { host } = mesh;
    const service = await startService({ url: "https://push.test", storage, host });
    const apps = ["B", "C"].map((letter) => letter.repeat(22));
    const clients = await Promise.all(
      apps.map((appId) => openClient({ appId, port: service.openPort(), storage, host })),
    );
    const got: string[] = [];
    for (const [i, client] of clients.entries()) {
      client.onMessage(({ data }) => {
        got.push(`${i}:${data}`);
      });
      await client.register();
    }
    expect(mesh.sockets).toHaveLength(1);
    const slots = apps.map((appId) => mesh.register(appId).slot);
    await until(() => mesh.socket.attached.size === 2, "both attached");
    mesh.socket.deliver(
      mesh.message("x", { slot: slots[1] ?? -1 }),
      mesh.message("y", { slot: slots[0] ?? -1 }),
    );
    await until(() => got.length === 2, "both");
    expect(got.sort()).toEqual(["0:y", "1:x"]);

    await clients[0]?.close();
    await until(() => mesh.socket.attached.size === 1, "the detach");
    expect(mesh.socket.closedBy).toBeUndefined();
    mesh.socket.deliver(mesh.message("z", { slot: slots[1] ?? -1 }));
    await until(() => got.length === 3, "the other app still gets its own");
    await clients[1]?.close();
    service.close();
    expect(mesh.socket.closedBy).toEqual({ by: "device", code: 1000 });
  });

  it("may each be open once", async () => {
    const storage = memoryStorage();
    const { host } = mesh;
    const service = await startService({ url: "https://push.test", storage, host });
    const open = () => openClient({ appId: APP, port: service.openPort(), storage, host });
    const [first, second] = [await open(), await open()];
    const errors: string[] = [];
    second.onError(({ code }) => errors.push(code));
    await expect(second.register()).rejects.toMatchObject({ code: "app_in_use" });
    expect(errors).toEqual(["app_in_use"]);
    expect(await first.register()).toBe("reg-AAAA-1-0");
    service.close();
  });
});

describe("closing", () => {
  it("waits for the handler that runs, acknowledges what it took, and hands over no more", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      return opened;
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message, mesh.message("b"));
    await until(() => calls.length === 1, "the handler");
    const closed = client.close();
    await settle();
    expect(mesh.socket.closedBy).toBeUndefined();
    open();
    await closed;
    expect(calls).toEqual(["a"]);
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 2, seq: message.seq }]);
    expect(mesh.socket.closedBy).toEqual({ by: "device", code: 1000 });
    expect(mesh.clock.pending).toEqual([]);
    expect(mesh.online).toBeUndefined();
  });
});

describe("messages whose time is over", () => {
  /** A device whose handler takes what it is given once `open` is called. */
  async function busy() {
    const { open, opened } = gate();
    const device = await listening();
    const calls: unknown[] = [];
    device.client.onMessage(async ({ data }) => {
      calls.push(data);
      await opened;
    });
    return { ...device, calls, open };
  }
  const discarded = () => mesh.socket.acks.flatMap(({ discarded = [] }) => discarded);

  it("P4.1 a message whose handler always throws is discarded when its time is over, and no sooner", async () => {
    const { client } = await listening();
    client.onMessage(() => {
      throw new Error("never");
    });
    const message = mesh.message("a", { remainingMs: 5_000 });
    mesh.socket.deliver(message);
    await settle();
    await mesh.clock.advance(4_999);
    expect(mesh.socket.acks).toEqual([]);
    await mesh.clock.advance(1);
    const { slot, priority, seq } = message;
    expect(mesh.socket.acks).toEqual([{ slot, priority, seq, discarded: [seq] }]);
    await client.close();
  });

  it("P4.1 one that waits behind a busy handler is discarded, and what the handler took is not", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.message("1"), mesh.message("2", { remainingMs: 2_000 })];
    mesh.socket.deliver(first, second);
    await settle();
    await mesh.clock.advance(3_000);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === second.seq), "the ack");
    expect(calls).toEqual(["1"]);
    expect(discarded()).toEqual([second.seq]);
    await client.close();
  });

  it("P4.3 a withdrawn message behind a busy handler is discarded at once, before its turn", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.message("1"), mesh.message("2")];
    mesh.socket.deliver(first, second);
    await settle();
    for (const { key } of [first, second]) {
      mesh.socket.push({ kind: "withdraw", value: { slot: 0, key } });
    }
    await settle();
    expect(mesh.socket.acks).toMatchObject([{ seq: 0, discarded: [second.seq] }]);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === second.seq), "the ack");
    expect(calls).toEqual(["1"]);
    expect(new Set(discarded())).toEqual(new Set([second.seq]));
    await client.close();
  });

  it("P4.6 one that is sent for its answer alone is taken where it was, and discarded where it was not", async () => {
    const { client, texts } = await listening();
    const [taken, missed] = [mesh.message("taken"), mesh.message("missed", { remainingMs: 0 })];
    mesh.socket.deliver(taken);
    await settle();
    const again = mesh.message("taken", { key: taken.key, remainingMs: 0 });
    mesh.socket.deliver(again, { ...missed, seq: again.seq + 1 });
    await settle();
    expect(texts()).toEqual(["taken"]);
    expect(discarded()).toEqual([again.seq + 1]);
    await client.close();
  });

  it("B15 a broadcast whose time is over is discarded by its cursor", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.broadcast("1"), mesh.broadcast("2", { remainingMs: 1_000 })];
    mesh.socket.broadcast(first, second);
    await settle();
    await mesh.clock.advance(1_500);
    open();
    const cursors = () =>
      mesh.socket.frames.flatMap((frame) => (frame.kind === "cursors" ? frame.value : []));
    await until(() => cursors().some(({ position }) => position === 2), "the cursor");
    expect(calls).toEqual(["1"]);
    expect(cursors().flatMap(({ discarded = [] }) => discarded)).toEqual([2]);
    await client.close();
  });

  it.each([
    ["the device's clock forth", 0, 15_000],
    ["the device's clock back", 0, -3_600_000],
    ["the device's clock far forth", 0, 3_600_000],
    ["the mesh's clock back", -15_000, 0],
    ["the mesh's clock forth", 3_600_000, 0],
    ["the mesh's clock back and the device's forth", -10_000, 15_000],
  ])("P1.6 %s: nothing that has time left is lost", async (_, meshMs, deviceMs) => {
    const { client, texts } = await listening();
    mesh.skewMs += meshMs;
    mesh.deviceSkewMs += deviceMs;
    const message = mesh.message("a", { expiresAtMs: mesh.now() + 5_000, remainingMs: 5_000 });
    mesh.socket.deliver(message);
    await settle();
    expect(texts()).toEqual(["a"]);
    expect(discarded()).toEqual([]);
    expect(mesh.sockets).toHaveLength(1);
    await client.close();
  });
});

describe("handlers that do not end", () => {
  it("P1.1 await close() inside a handler resolves, and what the handler took is acknowledged", async () => {
    const { client } = await listening();
    let closed = false;
    client.onMessage(async () => {
      await client.close();
      closed = true;
    });
    const { socket } = mesh;
    const message = mesh.message("a");
    socket.deliver(message);
    await until(() => closed, "the handler");
    await until(() => socket.acks.some(({ seq }) => seq === message.seq), "the acknowledgement");
    await until(() => client.state === "closed", "the end");
    expect(mesh.clock.pending).toEqual([]);
  });

  it("P1.1 likewise after an await of the handler's own, within 5 s", async () => {
    const { client } = await listening();
    let closed = false;
    client.onMessage(async () => {
      await settle();
      await client.close();
      closed = true;
    });
    const { socket } = mesh;
    const message = mesh.message("a");
    socket.deliver(message);
    await settle();
    await settle();
    await mesh.clock.advance(5_000);
    await until(() => closed, "the handler");
    await until(() => socket.acks.some(({ seq }) => seq === message.seq), "the acknowledgement");
    await until(() => client.state === "closed", "the end");
  });

  it("P1.1 close() leaves a handler that never ends, and its message unacknowledged", async () => {
    const { client } = await listening();
    client.onMessage(() => new Promise(() => {}));
    const { socket } = mesh;
    socket.deliver(mesh.message("a"));
    await settle();
    const closed = client.close();
    await mesh.clock.advance(5_000);
    await closed;
    await mesh.clock.advance(5_000);
    expect(client.state).toBe("closed");
    expect(socket.acks).toEqual([]);
  });

  it("P1.1 one that has not ended for 30 s is reported, once, and its message is kept", async () => {
    const { client, errors } = await listening();
    const { open, opened } = gate();
    client.onMessage(() => opened);
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await settle();
    await mesh.clock.advance(29_999);
    expect(errors).toEqual([]);
    await mesh.clock.advance(120_001);
    expect(errors).toMatchObject([{ code: "handler_stuck", messageId: expect.any(String) }]);
    expect(mesh.socket.acks).toEqual([]);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === message.seq), "the ack");
    await client.close();
  });
});
