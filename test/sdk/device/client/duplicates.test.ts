/** The device SDK against a scripted mesh: a message that comes again is not shown again. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataHash } from "../../../../schema/data-hash.ts";
import { Priority } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { DuplicateWindow } from "../../../../sdk/device/client/window.ts";
import { memoryStorage, type Storage } from "../../../../sdk/device/mod.ts";
import { BatchedStorage } from "../../../../sdk/device/storage/batched.ts";
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

  it("P2.1 P4.1 are not assumed if the sender used its key again for other data", async () => {
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

  it("P4.3 are recognised in a message that is sent without its data, for its answer alone", async () => {
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

  it("P4.1 P2.2 are not assumed if the mesh asks with the hash of other data under the same key", async () => {
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

  it("P2.2 O2 are not two messages of one key and data that differ in their notification", async () => {
    const { client, got } = await listening();
    const first = mesh.message("", { notification: { title: "One" } });
    const second = { ...mesh.message("", { key: first.key }), notification: { title: "Two" } };
    mesh.socket.deliver(first, second, { ...second, seq: second.seq + 1 });
    await until(() => mesh.socket.acks.some(({ seq }) => seq === second.seq + 1), "the answers");
    expect(got.map(({ notification }) => notification?.title)).toEqual(["One", "Two"]);
    await client.close();
  });

  it("P2.1 are recognised after thousands of more urgent messages", async () => {
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

  it("wait for a handler that still runs, and the acknowledgement goes to the new link", async () => {
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

  it("P1 with a lower seq do not take back an acknowledgement of the same turn", async () => {
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

  it("P2.1 among the newest of 1,089 broadcasts are recognised after a restart", async () => {
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

  it("are recognised after a restart, for the last 1,024 messages", async () => {
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

  it("are recognised within one registration; a new one starts with none", async () => {
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

it("P2.1 a window that cannot be written is reported and written later; messages are still shown and acknowledged", async () => {
  const inner = memoryStorage();
  let isFull = true;
  const storage: Storage = {
    ...inner,
    set: (key, value) =>
      isFull && key.includes("/window/")
        ? Promise.reject(new Error("full"))
        : inner.set(key, value),
  };
  // Of tabs, the last one hears of no write that fails after it has left.
  const device = await start(mesh, { storage, share: false });
  let calls = 0;
  device.client.onMessage(() => {
    calls++;
  });
  await device.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
  expect(device.errors).toMatchObject([{ code: "storage_failed", cause: { message: "full" } }]);
  // Nothing else is put.
  isFull = false;
  await mesh.clock.advance(1_000);
  const segment = await storage.get(`app/${APP}/window/0`);
  expect(JSON.parse(String(segment)).keys).toHaveLength(1);
  mesh.socket.deliver(message);
  await until(() => mesh.socket.acks.length === 2, "the second acknowledgement");
  expect(calls).toBe(1);
  isFull = true;
  mesh.socket.deliver(mesh.message("b"));
  await until(() => mesh.socket.acks.length === 3, "the third acknowledgement");
  await device.client.close();
  expect(device.errors).toHaveLength(3);
  expect(mesh.clock.pending).toEqual([]);
});
