import { describe, expect, test } from "vitest";
import { HybridClock } from "../../../../core/message/clock.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig, type SendFields } from "../support/rig.ts";

const ENDS = [
  [true, "dropped it"],
  [false, "has it"],
] as const;

/** What may still be in memory of it, or not. */
const OVER = [
  ["awake", (_rig: Rig) => undefined],
  ["after a kill", (rig: Rig) => rig.restart()],
] as const;

/** The device comes back and answers for a message that is asked after, without its data. */
function answer(rig: Rig, seq: number, drops: boolean): void {
  rig.connect({ lastSeq: seq, attach: [1] });
  const asked = rig.takeMessages().find((message) => message.seq === seq);
  expect(asked).toMatchObject({ remainingMs: 0, data: new Uint8Array(), replay: true });
  rig.ack(1, 2, seq, drops ? [seq] : []);
}

describe("a message that a lost link may have brought to the device", () => {
  for (const [drops, said] of ENDS) {
    for (const [when, over] of OVER) {
      test(`P4.1 P4.5 is sent when its ttl is over, until the device says that it ${said}, ${when}`, () => {
        for (const waits of [true, false]) {
          const rig = Rig.online();
          const token = rig.sendAndWait({ key: "m", ttlSeconds: 5, fingerprint: 1 });
          const seq = rig.takeMessages()[0]?.seq ?? 0;
          if (!waits) rig.timeout(token);
          // With the link or before it.
          if (waits) rig.now += 5_000;
          rig.lose();
          if (waits) expect(rig.answers.get(token)).toMatchObject({ status: "sent", seq });
          else rig.now += 5_000;
          rig.alarm();
          expect(rig.store.mail.size).toBe(0);
          over(rig);
          rig.now += LIMITS.IDEMPOTENCY_KEY_MS + 1;
          expect(rig.statusOf("m", seq)).toBe("sent");
          expect(rig.queue({ key: "m", ttlSeconds: 5, fingerprint: 1 })).toMatchObject({
            status: "sent",
            seq,
          });
          const reused = rig.send({ key: "m", ttlSeconds: 5, fingerprint: 2 });
          expect(reused).toMatchObject({ code: "idempotency_key_reused" });
          answer(rig, seq, drops);
          const end = drops ? "expired" : "delivered";
          expect(rig.statusOf("m", seq)).toBe(end);
          over(rig);
          rig.now += 1_000;
          expect(rig.statusOf("m", seq)).toBe(end);
          rig.connect({ lastSeq: seq, attach: [1] });
          expect(rig.takeMessages()).toEqual([]);
        }
      });

      test(`P4.1 P4.7 is sent when it makes room, until the device says that it ${said}, ${when}`, () => {
        const rig = Rig.online();
        const { seq } = rig.queue({ key: "m" });
        rig.take();
        rig.lose();
        over(rig);
        for (let n = 0; n < LIMITS.MAILBOX_MESSAGES; n++) rig.queue();
        expect(rig.store.mail.size).toBe(LIMITS.MAILBOX_MESSAGES);
        expect(rig.statusOf("m", seq)).toBe("sent");
        over(rig);
        answer(rig, seq, drops);
        expect(rig.statusOf("m", seq)).toBe(drops ? "overflowed" : "delivered");
      });
    }
  }

  test("P4.1 P1.2 is sent over a kill while it was on the socket, and asked after", () => {
    for (const [drops] of ENDS) {
      const rig = Rig.online();
      const { seq } = rig.queue({ key: "m", ttlSeconds: 5 });
      rig.take();
      rig.restart();
      rig.now += 5_000;
      rig.alarm();
      expect(rig.statusOf("m", seq)).toBe("sent");
      answer(rig, seq, drops);
      expect(rig.statusOf("m", seq)).toBe(drops ? "expired" : "delivered");
    }
  });

  test("P4.5 ends at once where the device says at its hello that it never came so far", () => {
    const rig = Rig.online();
    const { seq } = rig.queue({ key: "m", ttlSeconds: 5 });
    rig.take();
    rig.lose();
    rig.now += 5_000;
    expect(rig.statusOf("m", seq)).toBe("sent");
    rig.connect({ lastSeq: seq - 1, attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("m", seq)).toBe("expired");
    rig.restart();
    expect(rig.statusOf("m", seq)).toBe("expired");
  });

  test("P4.5 what waited unsent behind it, in its lane or another, is expired at once, also when nothing is in memory", () => {
    const rig = Rig.online();
    const { seq } = rig.queue({ key: "m", ttlSeconds: 5, lane: 1 });
    rig.command({ kind: "detach", value: { slot: 1 } });
    const late = rig.queue({ key: "late", ttlSeconds: 5, lane: 1 });
    const low = rig.queue({ key: "low", ttlSeconds: 5, lane: 3 });
    rig.lose();
    rig.restart();
    rig.now += 5_000;
    expect(rig.statusOf("m", seq)).toBe("sent");
    expect(rig.statusOf("late", late.seq)).toBe("expired");
    expect(rig.statusOf("low", low.seq)).toBe("expired");
  });

  test("P4.8 is unregistered once its registration ends", () => {
    const rig = Rig.online();
    const { seq } = rig.queue({ key: "m", ttlSeconds: 5 });
    rig.lose();
    rig.now += 5_000;
    expect(rig.statusOf("m", seq)).toBe("sent");
    rig.connect({ lastSeq: seq });
    const { generation } = rig.request();
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    rig.restart();
    expect(rig.status("m", seq, { generation })).toEqual({ ok: true, status: "unregistered" });
  });

  test("P6.2 costs one row more than one that expired, once it is answered for, and many at once as much", () => {
    const rig = Rig.online();
    for (let n = 0; n < 20; n++) rig.queue({ ttlSeconds: 5 });
    rig.lose();
    rig.now += 5_000;
    // Its deletion, and the log.
    expect(rig.rows(() => rig.alarm())).toBe(21);
    rig.connect({ lastSeq: HybridClock.at(rig.now), attach: [1] });
    const seqs = rig.takeMessages().map(({ seq }) => seq);
    expect(seqs).toHaveLength(20);
    expect(rig.rows(() => rig.ack(1, 2, seqs.at(-1) ?? 0, seqs))).toBe(1);
  });
});

test("P2.2 P4.1 is asked after by the hash of its data, too: a key may have been another message's", () => {
  // FNV-1a of 32 bits of "foobar", by its authors' vectors.
  const hashed = { dataHash: 0xbf9cf968 | 0 };
  for (const ttlSeconds of [0, 5]) {
    for (const isStored of ttlSeconds === 0 ? [false] : [true, false]) {
      const rig = Rig.online();
      const fields = { key: "m", data: "foobar", ttlSeconds };
      if (isStored) rig.queue(fields);
      else rig.sendAndWait(fields);
      const seq = rig.takeMessages()[0]?.seq ?? 0;
      for (const over of [() => {}, () => rig.restart()]) {
        rig.lose();
        rig.now += 6_000;
        rig.alarm();
        over();
        rig.connect({ lastSeq: seq, attach: [1] });
        expect(rig.takeMessages()).toMatchObject([{ seq, remainingMs: 0, ...hashed }]);
        rig.hibernate();
      }
    }
  }
});

test("P2.2 P4.1 P4.6 what was replaced is told by the hash of its data, too, where it has none", () => {
  const rig = Rig.online();
  const { seq } = rig.queue({ key: "m", data: "", collapseKey: "c" });
  rig.queue({ collapseKey: "c" });
  rig.lose();
  rig.connect({ lastSeq: seq, attach: [1] });
  const [asked, newer] = rig.takeMessages();
  expect(asked).toMatchObject({ seq, remainingMs: 0, dataHash: 0x811c9dc5 | 0 });
  expect(newer).not.toHaveProperty("dataHash");
});

describe("what an app may have that is not open yet, while another one of the device is", () => {
  /** Apps "a" in slot 1 and "b" in slot 2 listened; "b" has what it was sent, and its acknowledgement was lost. */
  function lostWith(fields: SendFields): { rig: Rig; seq: number; generation: number } {
    const rig = Rig.online();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    const { seq } = rig.queue({ app: "b", key: "m", ...fields });
    expect(rig.takeMessages()).toMatchObject([{ slot: 2, seq }]);
    rig.lose();
    return { rig, seq, generation: rig.generationOf("b") };
  }

  /** App "b" opens on the link, and says that it has the message, or that it dropped it. */
  function open(rig: Rig, seq: number, drops: boolean): void {
    rig.command({ kind: "attach", value: { slot: 2 } });
    const asked = rig.takeMessages().find((message) => message.seq === seq);
    expect(asked).toMatchObject({ slot: 2, remainingMs: 0 });
    rig.ack(2, 2, seq, drops ? [seq] : []);
  }

  for (const [drops, said] of ENDS) {
    for (const [when, over] of OVER) {
      test(`P4.1 P4.5 is sent until it opens and says that it ${said}, ${when}`, () => {
        const { rig, seq, generation } = lostWith({ ttlSeconds: 3 });
        const status = () => rig.status("m", seq, { app: "b", generation });
        rig.now += 4_000;
        expect(status()).toMatchObject({ status: "sent" });
        over(rig);
        // What the device says is the most that its open apps have received.
        rig.connect({ lastSeq: seq - 1, attach: [1] });
        expect(status()).toMatchObject({ status: "sent" });
        open(rig, seq, drops);
        expect(status()).toMatchObject({ status: drops ? "expired" : "delivered" });
      });

      test(`P4.1 P4.6 is not collapsed by a newer one before it opens and says that it ${said}, ${when}`, () => {
        const { rig, seq, generation } = lostWith({ collapseKey: "c" });
        const newer = rig.queue({ app: "b", collapseKey: "c" });
        over(rig);
        rig.connect({ lastSeq: seq - 1, attach: [1] });
        const status = () => rig.status("m", seq, { app: "b", generation });
        expect(status()).toMatchObject({ status: "queued" });
        rig.command({ kind: "attach", value: { slot: 2 } });
        const came = rig.takeMessages();
        expect(came.map(({ seq, remainingMs }) => [seq, remainingMs === 0])).toEqual([
          [seq, true],
          [newer.seq, false],
        ]);
        rig.ack(2, 2, newer.seq, drops ? [seq] : []);
        expect(status()).toMatchObject({ status: drops ? "collapsed" : "delivered" });
      });
    }
  }
});
