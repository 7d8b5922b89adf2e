/** One live node: what its listeners hear, and what it costs. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { APP_ID, idOf, LiveRig, START_MS, settle, TestListener } from "./support/rig.ts";

const utf8 = new TextEncoder();

describe("what a listener hears", () => {
  test("V1 what came after it began, once and in order, each with its place", async () => {
    const rig = new LiveRig();
    await rig.broadcast();
    const listener = await rig.listen();
    await rig.broadcast();
    const last = await rig.broadcast();
    expect(listener.cursors).toEqual([2, 3]);
    expect(listener.bodies.at(-1)).toEqual({
      type: "message",
      cursor: 3,
      id: idOf(last),
      tag: "news",
      sentAt: expect.any(Number),
      expiresAt: START_MS + 3_600_000,
      signature: null,
      placeSignature: expect.any(String),
      data: "3",
    });
  });

  test("V1 a broadcast that is told twice is heard once", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    const entry = await rig.broadcast();
    await rig.publish(entry);
    expect(listener.cursors).toEqual([1]);
  });

  test("V1 the text is the same object for all of them", async () => {
    const rig = new LiveRig();
    const [a, b] = [await rig.listen(), await rig.listen()];
    await rig.broadcast();
    expect(a.heard.at(-1)).toBe(b.heard.at(-1));
    const event = new TextDecoder().decode(a.heard.at(-1)?.bytes);
    expect(event).toBe(`id: 1\ndata: ${a.heard.at(-1)?.json}\n\n`);
  });

  test.each([
    [
      "JSON as its sender wrote it",
      { contentType: 1, data: utf8.encode('{"b":1,"a":[1.50]}') },
      '"data":{"b":1,"a":[1.50]}',
    ],
    ["text", { contentType: 2, data: utf8.encode('a "b"\n') }, '"data":"a \\"b\\"\\n"'],
    ["bytes", { contentType: 3, data: Uint8Array.of(251, 255, 1, 2) }, '"dataBase64":"+/8BAg=="'],
    ["its signature", { signature: Uint8Array.of(255) }, '"signature":"_w"'],
    ["its collapse key", { collapseKey: "k" }, '"collapseKey":"k"'],
    ["the tag that was signed", { cover: ["first", "news"] }, '"tag":"first"'],
  ] as const)("V1 %s", async (_, fields, part) => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    await rig.broadcast(fields);
    expect(listener.heard.at(-1)?.json).toContain(part);
  });

  test.each([
    ["a condition", { condition: { kind: "tag", tag: "b" } as never }],
    ["a filter", { filter: { platform: ["ios"] } as never }],
  ])("V4 a broadcast with %s is not for listeners, and costs them no place", async (_, fields) => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    await rig.broadcast(fields);
    await rig.broadcast();
    expect(listener.cursors).toEqual([2]);
    expect((await rig.listen(0)).cursors).toEqual([2]);
  });
});

describe("resuming", () => {
  test("V2 what came after its cursor, then what is new", async () => {
    const rig = new LiveRig();
    await rig.listen();
    for (let i = 0; i < 4; i++) await rig.broadcast();
    const listener = await rig.listen(2);
    await rig.broadcast();
    expect(listener.cursors).toEqual([3, 4, 5]);
  });

  test("V2 over a restart, and what the node was not told meanwhile", async () => {
    const rig = new LiveRig();
    await rig.listen();
    for (let i = 0; i < 3; i++) await rig.broadcast();
    rig.restart();
    await rig.broadcast({}, true);
    expect((await rig.listen(1)).cursors).toEqual([2, 3, 4]);
  });

  test("V2 at a node that is new, from the root's log", async () => {
    const rig = new LiveRig();
    for (let i = 0; i < 100; i++) await rig.broadcast({}, true);
    const listener = await rig.listen(10);
    expect(listener.cursors).toEqual(Array.from({ length: 90 }, (_, i) => i + 11));
    expect((await rig.listen()).cursors).toEqual([]);
  });

  test("V2 without what expired, was replaced, or was only for those who were there", async () => {
    const rig = new LiveRig();
    const there = await rig.listen();
    await rig.broadcast({ expiresAt: rig.now + 1_000 });
    await rig.broadcast({ collapseKey: "k" });
    await rig.broadcast({ collapseKey: "k" });
    await rig.broadcast({ seq: 9, expiresAt: rig.now });
    expect(there.cursors).toEqual([1, 2, 3, 4]);
    await rig.advance(1_000);
    expect((await rig.listen(0)).cursors).toEqual([3]);
  });

  test("V2 one of ttl 0 replaces nothing for a listener that comes back", async () => {
    const rig = new LiveRig();
    const there = await rig.listen();
    await rig.broadcast({ collapseKey: "k" });
    await rig.broadcast({ collapseKey: "k", seq: 4_001 });
    expect(there.cursors).toEqual([1, 2]);
    expect((await rig.listen(0)).cursors).toEqual([1]);
  });

  test("V2 a cursor above all there ever was means from now on", async () => {
    const rig = new LiveRig();
    await rig.listen();
    await rig.broadcast();
    const listener = await rig.listen(1_000);
    await rig.broadcast();
    expect(listener.cursors).toEqual([2]);
  });

  test("V2 the ring keeps the last of them", async () => {
    const rig = new LiveRig();
    await rig.listen();
    for (let i = 0; i < LIMITS.LOG_ENTRIES + 10; i++) await rig.broadcast();
    const listener = await rig.listen(0);
    expect(listener.cursors).toHaveLength(LIMITS.LOG_ENTRIES);
    expect(listener.cursors[0]).toBe(11);
    rig.restart();
    expect((await rig.listen(0)).cursors).toEqual(listener.cursors);
  });

  test("V2 a listener that lagged when the node went to sleep goes on from there", async () => {
    const rig = new LiveRig();
    await rig.listen();
    for (let i = 0; i < 3; i++) await rig.broadcast();
    rig.restart();
    const [lags, has] = [new TestListener(), new TestListener()];
    rig.node.restore(lags, 1);
    rig.node.restore(has, null);
    await rig.broadcast();
    expect(lags.cursors).toEqual([2, 3, 4]);
    expect(has.cursors).toEqual([4]);
  });

  test("V2 what the node missed it fetches before it goes on", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    await rig.broadcast();
    await rig.broadcast({}, true);
    await rig.broadcast({}, true);
    await rig.broadcast();
    expect(listener.cursors).toEqual([1, 2, 3, 4]);
    expect(rig.fetches).toBe(1);
  });

  test("V2 where it cannot fetch, it says so and nothing is lost", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    await rig.broadcast({}, true);
    const entry = await rig.broadcast({}, true);
    rig.rootFails = true;
    expect(await rig.publish(entry)).toEqual({ kind: "behind", head: 0 });
    rig.rootFails = false;
    expect(await rig.publish(entry)).toEqual({ kind: "sent", listeners: 1 });
    expect(listener.cursors).toEqual([1, 2]);
  });
});

describe("a listener that does not read", () => {
  test("V5 gets no more than it may leave unread, and the rest when it reads on", async () => {
    const rig = new LiveRig();
    const [slow, fast] = [await rig.listen(), await rig.listen()];
    slow.stalls = true;
    const data = utf8.encode("x".repeat(LIMITS.DATA_BYTES));
    for (let i = 0; i < 100; i++) await rig.broadcast({ data });
    expect(fast.cursors).toHaveLength(100);
    expect(slow.cursors.length).toBeLessThan(100);
    expect(slow.bufferedBytes).toBeLessThan(LIMITS.LIVE_BUFFER_BYTES + 2 * LIMITS.DATA_BYTES);
    expect(slow.lagsFrom).not.toBeNull();
    slow.stalls = false;
    slow.bufferedBytes = 0;
    await rig.advance(1_000);
    expect(slow.cursors).toEqual(fast.cursors);
    expect(slow.lagsFrom).toBeNull();
    expect(slow.closed).toBeNull();
  });

  test("V5 is cut after 10 s without reading; no other notices", async () => {
    const rig = new LiveRig();
    const [slow, fast] = [await rig.listen(), await rig.listen()];
    slow.stalls = true;
    slow.bufferedBytes = LIMITS.LIVE_BUFFER_BYTES + 1;
    await rig.broadcast();
    await rig.advance(9_000);
    expect(slow.closed).toBeNull();
    await rig.advance(2_000);
    expect(slow.closed).toBe("slow_consumer");
    await rig.broadcast();
    expect(fast.cursors).toEqual([1, 2]);
    expect(rig.count).toBe(1);
    // Nothing of the slow one keeps the node in memory.
    rig.node.leave(fast);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(rig.isBusy).toBe(false);
  });
});

describe("presence", () => {
  test("V6 the first thing that a listener hears, with the place to resume from", async () => {
    const rig = new LiveRig();
    rig.others = 7;
    await rig.broadcast({}, true);
    const listener = await rig.listen();
    expect(listener.bodies).toEqual([{ type: "presence", listeners: 8, cursor: 1 }]);
    expect(new TextDecoder().decode(listener.heard[0]?.bytes)).toBe(
      `id: 1\nevent: presence\ndata: ${listener.heard[0]?.json}\n\n`,
    );
  });

  test("V6 changes are told to the root and to listeners, and not more often than is said", async () => {
    const rig = new LiveRig();
    const first = await rig.listen();
    for (let i = 0; i < 10; i++) await rig.listen();
    await settle();
    expect(rig.reports).toEqual([1]);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(rig.reports).toEqual([1, 11]);
    expect(first.presences).toEqual([1, 11]);
    rig.others = 3;
    await rig.node.presence(14);
    await rig.node.presence(14);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(first.presences).toEqual([1, 11, 14]);
    expect(rig.reports).toEqual([1, 11]);
  });

  test("V6 a root that cannot be called hears it later", async () => {
    const rig = new LiveRig();
    await rig.listen();
    rig.rootFails = true;
    await rig.listen();
    await rig.advance(2 * LIMITS.PRESENCE_MS);
    rig.rootFails = false;
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(rig.reports).toEqual([1, 2]);
    expect(rig.troubles.length).toBeGreaterThan(0);
  });

  test("V6 the last goes, and the next is announced before it is let in", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    rig.node.leave(listener);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(rig.reports).toEqual([1, 0]);
    const rows = rig.store.rowsWritten;
    await rig.broadcast();
    expect(rig.store.rowsWritten, "a broadcast that nobody hears").toBe(rows);
    const next = await rig.listen();
    expect(rig.reports).toEqual([1, 0, 1]);
    await rig.broadcast();
    expect(next.cursors).toEqual([2]);
  });

  test("V6 a listener is refused while the root cannot be told of it", async () => {
    const rig = new LiveRig();
    rig.rootFails = true;
    await expect(rig.listen()).rejects.toThrow("the root cannot be called");
    expect(rig.count).toBe(0);
  });
});

describe("a node that the root may forget", () => {
  test("V8 says that nobody listens only where nobody was let in lately, and announces itself again", async () => {
    const rig = new LiveRig();
    await rig.node.prepare("news", null);
    expect(await rig.node.listeners()).toBe(1);
    const listener = new TestListener();
    rig.node.join(listener, null);
    expect(await rig.node.listeners()).toBe(1);
    rig.node.leave(listener);
    await rig.advance(61_000);
    expect(rig.reports).toEqual([1, 0]);
    expect(await rig.node.listeners()).toBe(0);
    await rig.listen();
    expect(rig.reports).toEqual([1, 0, 1]);
  });

  test("V8 where a connection opens later than that, it misses nothing either", async () => {
    const rig = new LiveRig();
    await rig.node.prepare("news", null);
    await rig.advance(61_000);
    expect(await rig.node.listeners()).toBe(0);
    // The root has forgotten the node by now, and tells it nothing.
    await rig.broadcast({}, true);
    const listener = new TestListener();
    rig.node.join(listener, null);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(rig.reports).toEqual([1, 1]);
    expect(listener.cursors).toEqual([1]);
  });

  test("V8 a root that hangs refuses a listener in time, and lets the next in", async () => {
    const rig = new LiveRig();
    rig.faults.push({ at: "before", kind: "hangs" });
    expect(await rig.inTime(rig.listen())).toBeNull();
    expect(rig.now - START_MS).toBeLessThanOrEqual(LIMITS.CALL_MS + 1_000);
    expect(await rig.inTime(rig.listen())).not.toBeNull();
  });
});

describe("bounds and cost", () => {
  test("V7 one listener more than it takes is refused", async () => {
    const rig = new LiveRig();
    rig.maxListeners = 2;
    rig.restart();
    await rig.listen();
    const second = await rig.listen();
    await expect(rig.listen()).rejects.toMatchObject({ code: "live_full" });
    rig.node.leave(second);
    await rig.listen();
  });

  test("V7 a broadcast is one row, whoever listens", async () => {
    const rig = new LiveRig();
    for (let i = 0; i < 20; i++) await rig.listen();
    const before = rig.store.rowsWritten;
    await rig.broadcast();
    await rig.broadcast();
    expect(rig.store.rowsWritten - before).toBe(2);
  });

  test("V3 a stop tells every listener to come back", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    rig.node.drain();
    expect(listener.closed).toBe("going_away");
    expect(rig.count).toBe(0);
  });
});

describe("the signature of a place", () => {
  test("V9 is over cursor, ID, times, collapse key and both tags, and made once for all listeners", async () => {
    const rig = new LiveRig();
    await rig.listen();
    await rig.listen();
    const entry = await rig.broadcast({ collapseKey: "k", cover: ["first", "news"] });
    expect(rig.signed).toHaveLength(1);
    const lines = new TextDecoder().decode(rig.signed[0]).split("\n");
    const base64 = (text: string) => Buffer.from(text).toString("base64url");
    expect(lines).toEqual([
      ...["pushmesh-live-v2", APP_ID, base64("news"), "1", idOf(entry), expect.any(String)],
      ...[`${entry.expiresAt}`, base64("k"), base64("first"), "2", "1"],
    ]);
  });

  test("V9 one that cannot be made holds the broadcast back, and it is heard when it can", async () => {
    const rig = new LiveRig();
    const listener = await rig.listen();
    const { sign } = rig;
    rig.sign = () => Promise.reject(new Error("the app cannot be asked"));
    await expect(rig.broadcast()).rejects.toThrow("the app cannot be asked");
    expect(listener.cursors).toEqual([]);
    rig.sign = () => new Promise(() => {});
    const [entry] = rig.log;
    if (entry === undefined) throw new Error("nothing was sent");
    expect(await rig.inTime(rig.publish(entry))).toBeNull();
    rig.sign = sign;
    await rig.publish(entry);
    expect(listener.cursors).toEqual([1]);
  });

  test("V9 what an older version stored without one is had from the root anew", async () => {
    const rig = new LiveRig();
    await rig.listen();
    await rig.broadcast();
    await rig.broadcast();
    for (const [slot, entry] of rig.store.slots) {
      const text = entry.text?.replace(/"placeSignature":"[^"]*",/, "") ?? null;
      rig.store.slots.set(slot, { ...entry, text });
    }
    rig.restart();
    const listener = await rig.listen(0);
    expect(listener.cursors).toEqual([1, 2]);
    for (const { placeSignature } of listener.bodies.filter(({ type }) => type === "message"))
      expect(placeSignature).toEqual(expect.any(String));
  });
});
