import { describe, expect, test } from "vitest";
import { DeviceEventKind } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { recall } from "../support/acts.ts";
import { keyOf, Rig, type SendFields } from "../support/rig.ts";

const TRACED: SendFields = { key: "m", options: { trace: true } };

/** The names of the events of a message. */
function eventsOf(rig: Rig, seq: number, key = "m"): string[] | undefined {
  const answer = rig.status(key, seq);
  if (!answer.ok) throw new Error(answer.code);
  return answer.events?.map(({ event }) => event);
}

/** Does something 10 ms later. */
function later<Result>(rig: Rig, act: () => Result): Result {
  rig.now += 10;
  return act();
}

describe("the timeline of a message", () => {
  test("F1 F2 of one that is acknowledged at once has three events and costs one row", () => {
    const rig = Rig.online();
    rig.sendAndWait(TRACED);
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    expect(eventsOf(rig, seq)).toEqual(["accepted", "sent"]);
    expect(rig.store.written.timelines).toBe(0);
    const start = rig.now;
    expect(later(rig, () => rig.rows(() => rig.ack(1, 2, seq)))).toBe(1);
    rig.restart();
    expect(rig.status("m", seq)).toEqual({
      ok: true,
      status: "delivered",
      events: [
        { event: "accepted", at: start },
        { event: "sent", at: start },
        { event: "delivered", at: start + 10 },
      ],
    });
  });

  test("F2 costs nothing for a message without trace, whatever becomes of it", () => {
    const rig = Rig.offline();
    for (const options of [undefined, { label: "l" }, { receipts: true } as const]) {
      const { seq } = rig.queue({ key: "m", ...(options === undefined ? {} : { options }) });
      rig.connect({ attach: [1] });
      rig.takeAndAck();
      rig.lose();
      expect(eventsOf(rig, seq)).toBeUndefined();
      rig.now += LIMITS.IDEMPOTENCY_KEY_MS + 1;
    }
    expect(rig.store.written.timelines).toBe(0);
  });

  test("F1 F2 of a queued one has each step, over kills and links, for a row each", () => {
    const rig = Rig.offline();
    let seq = 0;
    expect(rig.rows(() => ({ seq } = rig.queue(TRACED)))).toBe(2);
    rig.restart();
    rig.connect({ attach: [1] });
    rig.take();
    later(rig, () => rig.lose());
    expect(rig.store.written.timelines).toBe(2);
    rig.restart();
    rig.connect({ attach: [1], lastSeq: seq });
    rig.takeAndAck();
    const all = ["accepted", "queued", "sent", "sent", "delivered"];
    expect(eventsOf(rig, seq)).toEqual(all);
    rig.restart();
    expect(eventsOf(rig, seq)).toEqual(all);
    expect(rig.store.written.timelines).toBe(4);
  });

  test("F1 says that a pause or quiet hours held one back", () => {
    const rig = Rig.online();
    const set = (settings: object) =>
      rig.command({ kind: "delivery", value: { request: 9, slot: 1, ...settings } });
    set({ paused: true });
    const paused = rig.queue(TRACED);
    const scheduled = rig.queue({ ...TRACED, key: "s", hold: { at: rig.now + 1_000 } });
    rig.now += 1_000;
    rig.alarm();
    expect(eventsOf(rig, scheduled.seq, "s")).toEqual(["accepted", "scheduled", "held"]);
    set({ paused: false });
    rig.takeAndAck();
    expect(eventsOf(rig, paused.seq)).toEqual(["accepted", "held", "sent", "delivered"]);
    // One minute a week.
    set({ accept: [{ days: 1, startMinute: 1, endMinute: 2 }] });
    const quiet = rig.queue({ ...TRACED, key: "q" });
    rig.lose();
    const urgent = { trace: true, ignoreQuietHours: true } as const;
    const through = rig.queue({ key: "u", options: urgent });
    expect(eventsOf(rig, quiet.seq, "q")).toEqual(["accepted", "held"]);
    expect(eventsOf(rig, through.seq, "u")).toEqual(["accepted", "queued"]);
  });

  test("F1 says when one expired, not when that was noticed", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ ...TRACED, ttlSeconds: 60 });
    const end = rig.now + 60_000;
    rig.now += 3_600_000;
    rig.alarm();
    const answer = rig.status("m", seq);
    expect(answer.ok && answer.events?.at(-1)).toEqual({ event: "expired", at: end });
  });

  for (const [drops, end] of [
    [false, "delivered"],
    [true, "expired"],
  ] as const) {
    for (const [when, over] of [
      ["awake", () => undefined],
      ["asleep", (rig: Rig) => rig.hibernate()],
      ["killed", (rig: Rig) => rig.restart()],
    ] as const) {
      test(`F1 ends as ${end} for one that a lost link may have brought, ${when} meanwhile`, () => {
        for (const ttlSeconds of [0, 5]) {
          const rig = Rig.online();
          rig.sendAndWait({ ...TRACED, ttlSeconds });
          const seq = rig.takeMessages()[0]?.seq ?? 0;
          rig.now += 5_000;
          rig.lose();
          over(rig);
          rig.now += 1_000;
          expect(eventsOf(rig, seq)).toEqual(["accepted", "sent"]);
          rig.connect({ lastSeq: seq, attach: [1] });
          rig.ack(1, 2, seq, drops ? [seq] : []);
          expect(eventsOf(rig, seq)).toEqual(["accepted", "sent", end]);
        }
      });
    }
  }

  test("F1 ends with every other status, too", () => {
    const rig = Rig.offline();
    const collapsed = rig.queue({ ...TRACED, key: "a", collapseKey: "c" });
    rig.queue({ key: "b", collapseKey: "c" });
    expect(eventsOf(rig, collapsed.seq, "a")).toEqual(["accepted", "queued", "collapsed"]);

    const overflowed = rig.queue({ ...TRACED, key: "o", lane: 3 });
    for (let n = 0; n < LIMITS.MAILBOX_MESSAGES; n++) rig.queue();
    expect(eventsOf(rig, overflowed.seq, "o")).toEqual(["accepted", "queued", "overflowed"]);
    const refused = rig.queue({ ...TRACED, key: "p", lane: 3 });
    expect(eventsOf(rig, refused.seq, "p")).toEqual(["accepted", "overflowed"]);

    const never = rig.queue({ ...TRACED, key: "n", ttlSeconds: 0 });
    expect(eventsOf(rig, never.seq, "n")).toEqual(["accepted", "expired"]);

    const ended = rig.queue({ ...TRACED, key: "u", lane: 1 });
    rig.connect();
    rig.command({ kind: "unregister", value: { request: 2, slot: 1 } });
    expect(eventsOf(rig, ended.seq, "u")).toEqual(["accepted", "queued", "unregistered"]);
  });

  test("F1 X2 of one that was recalled while its handler was at work ends as delivered, also once nothing else knows", () => {
    const rig = Rig.online();
    rig.sendAndWait({ ...TRACED, ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    const message = { seq, key: keyOf("m") };
    recall(rig, seq);
    const events = [{ ...message, kind: DeviceEventKind.RECALLED }];
    rig.command({ kind: "events", value: { request: 9, slot: 1, events } });
    rig.ack(1, 2, seq);
    expect(rig.statusOf("m", seq)).toBe("delivered");
    rig.restart();
    rig.now += 2 * LIMITS.IDEMPOTENCY_KEY_MS;
    expect(rig.statusOf("m", seq)).toBe("delivered");
    expect(eventsOf(rig, seq)).toEqual(["accepted", "sent", "recalled", "delivered"]);
  });

  test("F1 a send that is refused has none", () => {
    const rig = Rig.offline();
    for (let n = 0; n < LIMITS.MAILBOX_MESSAGES; n++) rig.queue();
    const full = rig.send({ ...TRACED, waitMs: 0, onOverflow: "reject" });
    expect(full).toMatchObject({ code: "mailbox_full" });
    expect(rig.store.timelines.size).toBe(0);
  });

  test("F1 a repeat adds nothing", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue(TRACED);
    expect(rig.rows(() => rig.queue(TRACED))).toBe(0);
    expect(eventsOf(rig, seq)).toEqual(["accepted", "queued"]);
  });

  test("F4 has what the device reports where it happened, in the order of the reports", () => {
    const rig = Rig.online();
    rig.sendAndWait(TRACED);
    const seq = rig.takeAndAck()[0]?.seq ?? 0;
    const { SHOWN, CLICKED, RECALLED } = DeviceEventKind;
    const report = (kind: DeviceEventKind, agoMs: number) => {
      const events = [{ kind, key: keyOf("m"), seq, agoMs }];
      rig.command({ kind: "events", value: { request: 9, slot: 1, events } });
    };
    later(rig, () => report(SHOWN, 0));
    const shownAt = rig.now;
    later(rig, () => report(RECALLED, 0));
    // It was less long on its way than the one before.
    later(rig, () => report(CLICKED, 25));
    expect(eventsOf(rig, seq)).toEqual([
      ...["accepted", "sent", "delivered", "shown", "clicked", "recalled"],
    ]);
    const answer = rig.status("m", seq);
    expect(answer.ok && answer.events?.[4]).toEqual({ event: "clicked", at: shownAt });
  });

  test("F3 is kept for 30 days after the end, and then makes room with the next", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ ...TRACED, ttlSeconds: 60 });
    rig.now += 60_000;
    rig.alarm();
    rig.now += LIMITS.TIMELINE_MS;
    expect(eventsOf(rig, seq)).toHaveLength(3);
    rig.now += 1;
    expect(eventsOf(rig, seq)).toBeUndefined();
    rig.queue({ ...TRACED, key: "n" });
    expect([...rig.store.timelines.values()].map((record) => record.seq)).not.toContain(seq);
  });

  test("F3 has room for 1,000 of a device, and for 50 events of each", () => {
    const rig = Rig.offline();
    const first = rig.queue(TRACED);
    for (let n = 1; n < LIMITS.TIMELINES; n++) rig.queue({ options: { trace: true } });
    expect(rig.store.timelines.size).toBe(LIMITS.TIMELINES);
    expect(eventsOf(rig, first.seq)).toHaveLength(2);
    rig.restart();
    for (let n = 0; n < 60; n++) {
      rig.connect({ attach: [1] });
      rig.lose();
      rig.now += 1_000;
    }
    const all = eventsOf(rig, first.seq);
    expect(all).toHaveLength(LIMITS.TIMELINE_EVENTS);
    expect(all?.slice(0, 3)).toEqual(["accepted", "queued", "sent"]);
    rig.queue({ key: "n", lane: 1, options: { trace: true } });
    expect(rig.store.timelines.size).toBe(LIMITS.TIMELINES);
    expect(eventsOf(rig, first.seq)).toBeUndefined();
  });
});
