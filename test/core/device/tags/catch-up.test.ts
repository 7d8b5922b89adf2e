/** A device that comes back fetches the broadcasts that it missed. */
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import type { Broadcast } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ackBroadcasts, deliver, entry } from "../support/broadcasts.ts";
import { inX, outcome, page, positions, reconnect, refOf, take } from "../support/in-tag.ts";
import { Rig } from "../support/rig.ts";

describe("catching up", () => {
  test("goes page by page, at the app's pace, and is live at its end", () => {
    const rig = inX();
    reconnect(rig);
    page(rig, [entry(1), entry(2)], 2, true);
    expect(page(rig, [entry(3)], 3)).toBe(2);
    const sent = take(rig);
    expect(positions(sent)).toEqual([1, 2, 3]);
    ackBroadcasts(rig, sent);
    expect(rig.calls).toEqual([]);
    deliver(rig, [entry(4)]);
    expect(positions(take(rig))).toEqual([4]);
  });

  test("a broadcast that a node delivers meanwhile is in one of the pages", () => {
    const rig = inX();
    reconnect(rig);
    expect(outcome(rig, deliver(rig, [entry(2)]))).toBe("deferred");
    page(rig, [entry(1)], 1);
    expect(page(rig, [entry(2)], 2)).toBe(1);
    expect(positions(take(rig))).toEqual([1, 2]);
  });

  test("B11 a broadcast of ttl 0 that its node delivers meanwhile is asked for by name, and taken", () => {
    const rig = inX();
    rig.lose();
    rig.connect({ attach: [1] });
    rig.take();
    page(rig, [], 0);
    // The node counts on the link before; the device is asking it already, and a page of it has come.
    expect(outcome(rig, deliver(rig, [entry(1), entry(2, { seq: 5 })]))).toBe("deferred");
    rig.answerCall({ ok: false });
    rig.now += 60_000;
    rig.alarm();
    const { call } = rig.answerCall({
      ok: true,
      answer: { kind: "attached", upTo: 2, more: false, entries: [entry(2, { seq: 5 })] },
    });
    expect(call).toMatchObject({ method: "attach", request: { called: [2] } });
    expect(positions(take(rig))).toEqual([2]);
    // It is asked for once.
    deliver(rig, [entry(9)], { prev: 8 });
    const again = rig.answerCall({ ok: false }).call;
    expect(again).toMatchObject({ method: "attach" });
    expect(again.request).not.toHaveProperty("called");
  });

  test("B11 a device says since when it listens, but not after a sleep", () => {
    const rig = inX();
    rig.lose();
    rig.now += 5_000;
    rig.connect({ attach: [1] });
    page(rig, [], 0);
    expect(rig.answerCall({ ok: false }).call).toMatchObject({ request: { since: rig.now } });
  });

  test("B15 each entry of a delivery is answered by itself", () => {
    const rig = inX();
    const answer = deliver(rig, [
      entry(1, { filter: { platform: ["ios"] } }),
      entry(2, { expiresAt: rig.now }),
      entry(3),
      entry(4, { seq: 9 }),
      entry(5),
    ]);
    const broadcasts = take(rig);
    expect(positions(broadcasts)).toEqual([3, 4, 5]);
    ackBroadcasts(rig, broadcasts.slice(0, 1));
    rig.timeout(Number(answer));
    expect(rig.answers.get(Number(answer))).toEqual({
      ok: true,
      outcome: "delivered",
      before: ["filtered", "expired", "acknowledged", "delivered"],
    });
  });

  test("a call of a node that fails is tried again when the device is active, or by the alarm", () => {
    const rig = inX();
    reconnect(rig);
    rig.answerCall({ ok: false });
    expect(rig.device.deadline).toBe(rig.now + 30_000);
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.calls).toEqual([]);
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    rig.answerCall({ ok: true, answer: { ok: false, code: "overloaded" } });
    rig.now += 30_000;
    rig.alarm();
    page(rig, [entry(1)], 1);
    expect(rig.device.deadline).toBeNull();
    rig.lose();
    expect(rig.device.deadline).toBeNull();
  });

  test("a page for a link that was lost is asked for again", () => {
    const rig = inX();
    rig.lose();
    rig.connect({ attach: [1] });
    const stale = rig.calls.splice(0);
    rig.connect({ attach: [1] });
    rig.answerCalls();
    rig.calls.push(...stale);
    page(rig, [entry(1)], 1);
    expect(take(rig)).toEqual([]);
    page(rig, [entry(1)], 1);
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });
});

describe("P1.4 a sleep", () => {
  test("forgets nothing: nodes go on delivering, and no page is asked for", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    rig.hibernate();
    expect(rig.calls).toEqual([]);
    deliver(rig, [entry(2)]);
    const sent = take(rig);
    expect(positions(sent)).toEqual([2]);
    ackBroadcasts(rig, sent);
    rig.hibernate();
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(2);
  });

  test("keeps what is on the socket: its acknowledgement counts afterwards", () => {
    const rig = inX();
    rig.timeout(Number(deliver(rig, [entry(1)])));
    rig.timeout(Number(deliver(rig, [entry(2)])));
    const sent = take(rig);
    rig.hibernate();
    expect(outcome(rig, deliver(rig, [entry(2)], { waitMs: 0 }))).not.toBe("deferred");
    expect(take(rig)).toEqual([]);
    ackBroadcasts(rig, sent.slice(0, 1));
    ackBroadcasts(rig, [{ ...(sent[1] as Broadcast), position: 99 }]);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(2);
  });

  test("keeps what is on the socket: a broadcast that is left out afterwards acknowledges nothing", () => {
    const rig = inX();
    rig.timeout(Number(deliver(rig, [entry(1)])));
    rig.hibernate();
    deliver(rig, [entry(2, { condition: { not: { tag: "x" } } })]);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(0);
  });

  test("while it catches up makes it ask again", () => {
    const rig = inX();
    reconnect(rig);
    rig.buffered = 65_537;
    page(rig, [entry(1)], 1);
    rig.buffered = 0;
    rig.hibernate();
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });

  test("that began before there were tags makes it ask all nodes", () => {
    const rig = inX();
    const { live: _, cursors: __, ...before } = rig.attachment ?? {};
    rig.attachment = before as typeof rig.attachment;
    rig.hibernate();
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });

  test("an attachment of 32 registrations with 40 cursors that moved is under 2 KB", () => {
    const rig = Rig.online();
    for (let n = 1; n < LIMITS.REGISTRATIONS; n++) {
      const slot = rig.register(`app${n}`);
      rig.command({ kind: "attach", value: { slot } });
      rig.now += 100;
    }
    rig.answerCalls();
    rig.subscribe(...Array.from({ length: 40 }, (_, n) => `t${n}`));
    for (let n = 0; n < 40; n++) {
      deliver(rig, [entry(1_000_000, { cover: [`t${n}`] })], { tag: `t${n}`, prev: 0, waitMs: 0 });
    }
    expect(rig.attachment?.cursors?.length).toBeGreaterThan(90);
    expect(serialize(rig.attachment).length).toBeLessThan(2_048);
  });
});
