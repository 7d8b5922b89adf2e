/** The device SDK against a scripted mesh: broadcasts, their cursors, and messages that are withdrawn. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cursor, Priority } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { formatMessageId } from "../../../schema/text.ts";
import { Cursors } from "../../../sdk/device/client/cursors.ts";
import { memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { BatchedStorage } from "../../../sdk/device/storage/batched.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, gate, listening as listeningOn } from "./fake/mesh.ts";

let mesh = new FakeMesh();
const listening = (storage?: Storage) => listeningOn(mesh, storage);

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** Ends the newest link and waits for the next, on which the device has said hello. */
async function relink() {
  const count = mesh.sockets.length;
  mesh.socket.end(1006);
  await mesh.clock.advance(1_000);
  const socket = await mesh.link(count + 1);
  await settle();
  return socket;
}

describe("broadcasts", () => {
  it("come with their tag, their source in the ID, and all that messages have", async () => {
    const { client, got } = await listening();
    const one = mesh.broadcast("storm", { tag: "weather", collapseKey: "w", priority: 1 });
    const all = mesh.broadcast("all", { tag: "", tagRef: 9 });
    mesh.socket.broadcast(one, all);
    mesh.socket.deliver(mesh.message("single"));
    await until(() => got.length === 3, "all of them");
    const byData = new Map(got.map((message) => [message.data, message]));
    expect(byData.get("storm")).toEqual({
      id: formatMessageId({ seq: one.seq, key: one.key, regId: one.source }),
      data: "storm",
      priority: "high",
      tag: "weather",
      collapseKey: "w",
      sentAt: mesh.now(),
      expiresAt: one.expiresAtMs,
    });
    expect(byData.get("all")?.tag).toBe("");
    expect(byData.get("single")?.tag).toBeUndefined();
    await client.close();
  });

  it("are not of the device's numbering: their seq does not raise lastSeq", async () => {
    const storage = memoryStorage();
    const { client, got } = await listening(storage);
    const message = mesh.message("single");
    mesh.socket.deliver(message);
    mesh.socket.broadcast(mesh.broadcast("far ahead", { seq: message.seq + 10 ** 9 }));
    await until(() => got.length === 2, "both");
    const second = await relink();
    expect(second.hello?.lastSeq).toBe(message.seq);
    await client.close();
    const again = await listening(storage);
    expect(mesh.socket.hello?.lastSeq).toBe(message.seq);
    await again.client.close();
  });

  it("P1 whose handler throws hold back broadcasts and no message, and are tried again", async () => {
    const { client, errors } = await listening();
    const calls: unknown[] = [];
    let broken = true;
    client.onMessage(({ data }) => {
      calls.push(data);
      if (broken && data === "a") throw new Error("no disk");
    });
    mesh.socket.broadcast(mesh.broadcast("a"), mesh.broadcast("b", { tagRef: 8 }));
    mesh.socket.deliver(mesh.message("single"));
    await settle();
    expect(calls).toEqual(["a", "single"]);
    expect(mesh.socket.cursors).toEqual([]);
    expect(errors[0]).toMatchObject({ code: "handler_failed", retryAfterMs: 1_000 });
    broken = false;
    await mesh.clock.advance(1_000);
    expect(calls).toEqual(["a", "single", "a", "b"]);
    expect(mesh.socket.cursors).toHaveLength(2);
    await client.close();
  });

  it("that come after their time are dropped and acknowledged; now-or-never ones have none", async () => {
    const { client, texts } = await listening();
    const late = mesh.broadcast("late", { expiresAtMs: mesh.now() - 1 });
    const { expiresAtMs: _, ...now } = mesh.broadcast("now");
    await mesh.clock.advance(LIMITS.ACK_WAIT_MAX_MS - 2);
    mesh.socket.broadcast(late, { ...now, seq: now.seq - 4_096 * 60_000 });
    await until(() => mesh.socket.cursors.some(({ position }) => position === 2), "both");
    expect(texts()).toEqual(["now"]);
    await client.close();
  });

  it("whose data cannot be read are an error and do not block the others", async () => {
    const { client, errors, texts } = await listening();
    mesh.socket.broadcast(mesh.broadcast("{", { contentType: 1 }), mesh.broadcast("next"));
    await until(() => texts().length === 1, "the next");
    expect(errors.map(({ code }) => code)).toEqual(["data_invalid"]);
    await until(() => mesh.socket.cursors.some(({ position }) => position === 2), "the cursor");
    await client.close();
  });

  it("P8 beyond any window end the link", async () => {
    const { client } = await listening();
    client.onMessage(() => new Promise(() => {}));
    const flood = Array.from({ length: 1_100 }, (_, i) => mesh.broadcast(String(i)));
    for (let i = 0; i < flood.length; i += 100) mesh.socket.broadcast(...flood.slice(i, i + 100));
    await until(() => client.state === "waiting", "the end of the link");
    expect(mesh.socket.closedBy).toEqual({ by: "device", code: 4202 });
  });
});

describe("P2 a broadcast that comes again", () => {
  it("at or below the cursor of its tag is acknowledged and not shown, whatever its key", async () => {
    const { client, texts } = await listening();
    const [a, b] = [mesh.broadcast("a"), mesh.broadcast("b")];
    mesh.socket.broadcast(a, b);
    await until(() => mesh.socket.cursors.some(({ position }) => position === 2), "the cursor");
    const second = await relink();
    second.broadcast({ ...a, key: new Uint8Array(9).fill(1) }, b, mesh.broadcast("c"));
    await until(() => second.cursors.some(({ position }) => position === 3), "the cursor");
    expect(texts()).toEqual(["a", "b", "c"]);
    await client.close();
  });

  it("under the key of one taken through another tag is acknowledged and not shown", async () => {
    const { client, texts } = await listening();
    const one = mesh.broadcast("both");
    mesh.socket.broadcast(one, { ...mesh.broadcast("both", { tagRef: 8 }), key: one.key });
    await until(() => mesh.socket.cursors.some(({ tagRef }) => tagRef === 8), "the cursor");
    expect(texts()).toEqual(["both"]);
    await client.close();
  });

  it("while its handler still runs waits for it, and the cursor goes to the new link", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let calls = 0;
    client.onMessage(() => {
      calls++;
      return opened;
    });
    const first = mesh.socket;
    const broadcast = mesh.broadcast("a");
    first.broadcast(broadcast);
    await until(() => calls === 1, "the handler");
    const second = await relink();
    expect(second.hello?.cursors).toEqual([]);
    second.broadcast(broadcast);
    open();
    await until(() => second.cursors.length === 1, "the cursor");
    expect(calls).toBe(1);
    expect(first.cursors).toEqual([]);
    await client.close();
  });
});

describe("cursors", () => {
  it("of what came on a link that is gone are said by the next hello, not on a link where it was not sent", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let calls = 0;
    client.onMessage(() => {
      calls++;
      return opened;
    });
    mesh.socket.broadcast(mesh.broadcast("a"));
    await until(() => calls === 1, "the handler");
    const second = await relink();
    open();
    await settle();
    expect(second.cursors).toEqual([]);
    const third = await relink();
    expect(third.hello?.cursors).toEqual([{ slot: 0, tagRef: 7, position: 1 }]);
    await client.close();
  });

  it("go into the hello of the next link, the most recent first", async () => {
    const { client } = await listening();
    mesh.socket.broadcast(
      ...[7, 8, 7, 9, 8].map((tagRef) => mesh.broadcast(`of ${tagRef}`, { tagRef })),
    );
    const isLast = ({ tagRef, position }: Cursor) => tagRef === 8 && position === 2;
    await until(() => mesh.socket.cursors.some(isLast), "the cursors");
    const second = await relink();
    expect(second.hello?.cursors).toEqual([
      { slot: 0, tagRef: 8, position: 2 },
      { slot: 0, tagRef: 9, position: 1 },
      { slot: 0, tagRef: 7, position: 2 },
    ]);
    await client.close();
  });

  it("survive a restart, and are in its first hello", async () => {
    const storage = memoryStorage();
    const first = await listening(storage);
    const taken = [mesh.broadcast("a"), mesh.broadcast("b", { tagRef: 8 })];
    mesh.socket.broadcast(...taken);
    await until(() => first.got.length === 2, "both");
    await first.client.close();

    const second = await listening(storage);
    expect(mesh.socket.hello?.cursors).toHaveLength(2);
    expect(mesh.socket.hello?.cursors).toEqual(
      expect.arrayContaining(
        taken.map(({ slot, tagRef, position }) => ({ slot, tagRef, position })),
      ),
    );
    mesh.socket.broadcast(...taken, mesh.broadcast("c"));
    await until(() => second.got.length === 1, "the new one");
    expect(second.texts()).toEqual(["c"]);
    await second.client.close();
  });

  it("P1 go to the mesh only when they are stored", async () => {
    const { open, opened } = gate();
    const inner = memoryStorage();
    let held = false;
    let writes = 0;
    const storage: Storage = {
      ...inner,
      set: async (key, value) => {
        if (key.includes("/cursors/")) writes++;
        if (held) await opened;
        return inner.set(key, value);
      },
    };
    const { client, got } = await listening(storage);
    held = true;
    mesh.socket.broadcast(mesh.broadcast("a"));
    await until(() => got.length === 1, "the broadcast");
    mesh.socket.broadcast(...Array.from({ length: 30 }, (_, i) => mesh.broadcast(String(i))));
    await until(() => got.length === 31, "the rest");
    await settle();
    expect(mesh.socket.cursors).toEqual([]);
    expect(writes).toBe(1);
    open();
    await until(() => mesh.socket.cursors.some(({ position }) => position === 31), "the cursor");
    expect(writes).toBe(2);
    await client.close();
  });

  it("end with their registration and with the account", async () => {
    const storage = memoryStorage();
    const { client, regIds } = await listening(storage);
    mesh.socket.broadcast(mesh.broadcast("a"));
    await until(() => mesh.socket.cursors.length === 1, "the cursor");
    expect(await storage.get(`app/${"A".repeat(22)}/cursors/0`)).toBe("[0,[7,1]]");
    mesh.dropAccounts();
    mesh.socket.end(1006);
    for (let i = 0; i < 6 && regIds.length < 2; i++) {
      await settle();
      await mesh.clock.advance(10_000);
      await until(() => /connected|waiting/.test(client.state), "an answer");
    }
    await until(() => regIds.length === 2, "the new regId");
    expect(mesh.socket.hello?.cursors).toEqual([]);
    await settle();
    expect(await storage.get(`app/${"A".repeat(22)}/cursors/0`)).toBeUndefined();
    await client.close();
  });

  it("P8 are kept within a bound, and a Hello has no more than it may", async () => {
    const storage = memoryStorage();
    const { client } = await listening(storage);
    const refs = Array.from({ length: 2_200 }, (_, i) => i + 1);
    for (let i = 0; i < refs.length; i += 200) {
      const part = refs.slice(i, i + 200).map((tagRef) => mesh.broadcast("x", { tagRef }));
      mesh.socket.broadcast(...part);
      const last = part.at(-1)?.tagRef;
      await until(() => mesh.socket.cursors.some(({ tagRef }) => tagRef === last), "a part");
    }
    const second = await relink();
    const said = second.hello?.cursors ?? [];
    expect(said.map(({ tagRef }) => tagRef)).toEqual(
      refs.slice(-LIMITS.HELLO_CURSORS).toReversed(),
    );
    await client.close();

    const again = await listening(storage);
    const stored = mesh.socket.hello?.cursors ?? [];
    expect(stored.length).toBeLessThanOrEqual(LIMITS.HELLO_CURSORS);
    expect(stored.length).toBeGreaterThan(LIMITS.HELLO_CURSORS - 400);
    await again.client.close();
  });

  it("P8 cost small writes, and a tag keeps its place", async () => {
    const storage = memoryStorage();
    const sizes: number[] = [];
    const batched = new BatchedStorage(
      {
        ...storage,
        set: (key, value) => {
          sizes.push(String(value).length);
          return storage.set(key, value);
        },
      },
      () => {},
      mesh.host,
    );
    const cursors = new Cursors(batched, "c/");
    await cursors.load();
    const at = (i: number, position: number) =>
      mesh.broadcast("", { slot: 31, tagRef: 2 ** 31 - 1 - i, position });
    for (const position of [1_000_000_000, 1_000_000_001]) {
      for (let i = 0; i < LIMITS.TAGS + 1; i++) cursors.set(at(i, position));
      await batched.settled();
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_100);
    const read = new Cursors(batched, "c/");
    await read.load();
    expect(read.all).toEqual(cursors.all);
    for (let i = 0; i < LIMITS.TAGS + 1; i++) {
      expect(read.has(at(i, 1_000_000_001))).toBe(true);
      expect(read.has(at(i, 1_000_000_002))).toBe(false);
    }
    for (let i = 0; i < 3_000; i++) read.set(at(i, 1_000_000_002));
    await batched.settled();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_100);
    expect(read.all.length).toBeLessThanOrEqual(LIMITS.TAGS + 44);
    expect(read.has(at(2_999, 1_000_000_002))).toBe(true);
  });
});

describe("a withdrawn message", () => {
  it("is dropped and acknowledged where the app was not given it yet", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      return opened;
    });
    const [a, b, c] = [mesh.message("a"), mesh.message("b"), mesh.message("c")];
    mesh.socket.deliver(a, b, c);
    await until(() => calls.length === 1, "the handler");
    for (const { key } of [a, b]) mesh.socket.push({ kind: "withdraw", value: { slot: 0, key } });
    await settle();
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === c.seq), "the acknowledgement");
    expect(calls).toEqual(["a", "c"]);
    mesh.socket.push({ kind: "withdraw", value: { slot: 0, key: c.key } });
    mesh.socket.deliver(mesh.message("d", { priority: Priority.HIGH }));
    await until(() => calls.length === 3, "the next");
    await client.close();
  });

  it("is not handed over again after its handler failed", async () => {
    const { client } = await listening();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      throw new Error("no");
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => calls.length === 1, "the handler");
    await settle();
    mesh.socket.push({ kind: "withdraw", value: { slot: 0, key: message.key } });
    await settle();
    await mesh.clock.advance(1_000);
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    expect(calls).toEqual(["a"]);
    await client.close();
  });
});
