import { describe, expect, test } from "vitest";
import type { Message } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig, type SendFields } from "../support/rig.ts";

const text = new TextDecoder();
const dataOf = (messages: readonly Message[]) => messages.map(({ data }) => text.decode(data));

describe("order", () => {
  test("P3.1 what is queued, in flight and sent live arrives in the order of acceptance", () => {
    const rig = Rig.offline();
    rig.queue({ data: "1 queued" });
    rig.queue({ data: "2 queued" });
    rig.connect({ attach: [1] });
    rig.send({ data: "3 live" });
    rig.queue({ data: "4 live, not waited for" });
    const before = rig.takeMessages();
    rig.ack(1, 2, before[0]?.seq ?? 0);
    rig.lose();
    rig.queue({ data: "5 queued again" });
    rig.connect({ attach: [1] });
    rig.send({ data: "6 live" });
    expect(dataOf(before.slice(0, 1).concat(rig.takeAndAck()))).toEqual([
      "1 queued",
      "2 queued",
      "3 live",
      "4 live, not waited for",
      "5 queued again",
      "6 live",
    ]);
  });

  test("P3.1 a message does not overtake one that waits for the window, and follows it when it opens", () => {
    const rig = Rig.online();
    const names = Array.from({ length: LIMITS.INFLIGHT_MESSAGES + 3 }, (_, i) => `m${i}`);
    const tokens = names.map((key) => rig.sendAndWait({ key }));
    expect(rig.store.mail.size).toBe(3);
    expect(dataOf(rig.takeAndAck())).toEqual(names);
    expect(tokens.every((token) => rig.answers.get(token)?.ok)).toBe(true);
    expect(rig.store.mail.size).toBe(0);
  });

  test("P3.1 holds across hibernation with some rows on the socket and some not", () => {
    const rig = Rig.online();
    const names = Array.from({ length: LIMITS.INFLIGHT_MESSAGES + 3 }, (_, i) => `m${i}`);
    for (const key of names) rig.queue({ key });
    const before = rig.takeMessages();
    rig.hibernate();
    rig.queue({ key: "last" });
    rig.ack(1, 2, before.at(-1)?.seq ?? 0);
    expect(dataOf([...before, ...rig.takeAndAck()])).toEqual([...names, "last"]);
  });

  /** What may still be in memory once a newer message of a collapse key has ended, or not. */
  const OVER = [
    ["awake", (_rig: Rig) => undefined],
    ["after a sleep", (rig: Rig) => rig.hibernate()],
    ["after a kill", (rig: Rig) => rig.restart()],
  ] as const;

  for (const [when, over] of OVER) {
    for (const [drops, end] of [
      [true, "collapsed"],
      [false, "delivered"],
    ] as const) {
      /** A link was lost with "old" on it, and "newer" that replaced it; the app listens on the next one, where both come first. */
      const replaced = (newer: SendFields, later: number) => {
        const rig = Rig.online();
        const old = rig.queue({ key: "old", collapseKey: "x", lane: 2 });
        const next = rig.queue({ key: "newer", collapseKey: "x", ...newer });
        rig.lose();
        rig.connect();
        rig.now += later;
        rig.command({ kind: "attach", value: { slot: 1 } });
        const came = rig.takeMessages().toSorted((a, b) => a.seq - b.seq);
        expect(came).toMatchObject([{ seq: old.seq, remainingMs: 0 }, { seq: next.seq }]);
        return { rig, old, next };
      };
      /** The link is lost before the device has answered for "old": on the next one that is not shown either. */
      const expectAsked = (rig: Rig, seq: number, lastSeq: number) => {
        rig.lose();
        rig.now += 100;
        rig.connect({ lastSeq, attach: [1] });
        const came = rig.takeMessages().find((message) => message.seq === seq);
        expect(came).toMatchObject({ seq, remainingMs: 0 });
        expect(["queued", "sent"]).toContain(rig.statusOf("old", seq));
        rig.ack(1, 2, seq, drops ? [seq] : []);
        expect(rig.statusOf("old", seq)).toBe(end);
        rig.restart();
        expect(rig.statusOf("old", seq)).toBe(end);
        rig.connect({ lastSeq, attach: [1] });
        expect(rig.takeMessages().map((message) => message.seq)).not.toContain(seq);
      };

      test(`P3.1 P4.6 is not sent anew behind later ones where what replaced it expired: ${end}, ${when}`, () => {
        const { rig, old } = replaced({ ttlSeconds: 30 }, 40_000);
        rig.sendAndWait({ ttlSeconds: 0 });
        const later = rig.takeMessages()[0]?.seq ?? 0;
        over(rig);
        expectAsked(rig, old.seq, later);
      });

      test(`P3.1 P4.6 is not sent anew where what replaced it was delivered by another priority: ${end}, ${when}`, () => {
        const { rig, old, next } = replaced({ lane: 1 }, 1_000);
        rig.ack(1, 1, next.seq);
        over(rig);
        expectAsked(rig, old.seq, next.seq);
        expect(rig.statusOf("newer", next.seq)).toBe("delivered");
      });
    }
  }

  test("P3.2 of what waits, high comes before normal before low", () => {
    const rig = Rig.offline();
    rig.queue({ lane: 3, data: "low 1" });
    rig.queue({ lane: 2, data: "normal 1" });
    rig.queue({ lane: 1, data: "high 1" });
    rig.queue({ lane: 3, data: "low 2" });
    rig.queue({ lane: 1, data: "high 2" });
    rig.connect({ attach: [1] });
    expect(dataOf(rig.takeAndAck())).toEqual(["high 1", "high 2", "normal 1", "low 1", "low 2"]);
  });

  test("P3.2 an acknowledgement lets a high message pass a thousand that wait", () => {
    const rig = Rig.offline();
    for (let i = 0; i < LIMITS.MAILBOX_MESSAGES - 1; i++) rig.queue({ lane: 3 });
    rig.connect({ attach: [1] });
    const first = rig.takeMessages();
    rig.queue({ lane: 1, data: "high" });
    rig.ack(1, 3, first[0]?.seq ?? 0);
    expect(dataOf(rig.takeMessages())).toEqual(["high"]);
  });
});
