/** The device SDK against a scripted mesh: registrations, over restarts and lost links. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSignOut } from "../../../../sdk/device/client/registration.ts";
import { memoryStorage, type Storage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh, gate, listening as listeningOn, start } from "../fake/mesh.ts";

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
    const calls = Promise.allSettled([ended, registered]);
    await client.close();
    const failed = { status: "rejected", reason: { code: "client_closed" } };
    expect(await calls).toMatchObject([failed, failed]);

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

  it("P7.4 does not end a registration that has taken the place of the one that was to end: a kill finds the end stored", async () => {
    const storage = memoryStorage();
    const stored = gate();
    const set: typeof storage.set = async (key, value) => {
      if (key === `app/${APP}/ended`) await stored.opened;
      await storage.set(key, value);
    };
    const { client } = await listening({ ...storage, set });
    const ended = client.unregister();
    const registered = client.register();
    await until(() => mesh.registrations.length === 0, "the end");
    await settle();
    expect(mesh.socket.frames.map(({ kind }) => kind)).toEqual([
      "register",
      "attach",
      "unregister",
    ]);
    stored.open();
    await ended;
    const other = await registered;
    expect(mesh.registrations.map(({ regId }) => regId)).toEqual([other]);
    expect(await readSignOut(storage, APP)).toBeUndefined();
    await client.close();
  });

  it("keeps a registration if its end was taken back before the mesh was asked", async () => {
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

  it("attaches no registration of the earlier account, if a new one is made under a running client", async () => {
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

  it("registers again by itself and reports the new regId if a new account was made", async () => {
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

  it("reports the error of a command with an appId that is none", async () => {
    for (const appId of [undefined, null, 5, ""]) {
      await expect(start(mesh, { appId: appId as never })).rejects.toMatchObject({
        code: "option_invalid",
        message: expect.stringContaining("appId"),
      });
    }
  });

  it("L6 probes its link when the network may be gone, and gives the link up after 10 s", async () => {
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
