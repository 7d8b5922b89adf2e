import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig, type SendFields } from "../support/rig.ts";

/** Fills the mailbox to its count, the first message under this key. */
function fill(rig: Rig, first: string, fields: SendFields = {}): number {
  const { seq } = rig.queue({ key: first, ...fields });
  for (let i = 1; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue(fields);
  return seq;
}

describe("collapse keys", () => {
  test("P4.6 a newer message replaces a waiting one of its collapse key, in any lane", () => {
    const rig = Rig.offline();
    const old = rig.queue({ key: "old", collapseKey: "c", lane: 3 });
    rig.queue({ key: "other", collapseKey: "d" });
    rig.queue({ key: "new", collapseKey: "c", lane: 1 });
    expect(rig.statusOf("old", old.seq)).toBe("collapsed");
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ collapseKey }) => collapseKey)).toEqual(["c", "d"]);
  });

  test("P4.6 one that is on the socket is past replacing, and both arrive", () => {
    const rig = Rig.online();
    const old = rig.queue({ key: "old", collapseKey: "c" });
    rig.queue({ key: "new", collapseKey: "c" });
    expect(rig.takeAndAck()).toHaveLength(2);
    expect(rig.statusOf("old", old.seq)).toBe("delivered");
    const full = Rig.online();
    const first = full.queue({ key: "first", collapseKey: "c" });
    for (let i = 1; i < LIMITS.INFLIGHT_MESSAGES; i++) full.queue();
    full.queue({ collapseKey: "c" });
    expect(full.statusOf("first", first.seq)).toBe("queued");
  });

  test("P4.6 a sender that waits for the replaced message is told", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.sendAndWait();
    const token = rig.sendAndWait({ collapseKey: "c" });
    rig.queue({ collapseKey: "c" });
    expect(rig.answers.get(token)).toMatchObject({ status: "collapsed" });
  });

  test("P4.6 another app's messages of the same collapse key stay", () => {
    const rig = Rig.registered();
    rig.register("b");
    const mine = rig.queue({ key: "mine", collapseKey: "c" });
    rig.queue({ app: "b", collapseKey: "c" });
    expect(rig.statusOf("mine", mine.seq)).toBe("queued");
  });
});

describe("collapse keys over lost links", () => {
  /** Five messages of one key on a link that does not answer, each told `queued` when its wait is over. */
  function five(rig: Rig) {
    return [1, 2, 3, 4, 5].map((n) => {
      const token = rig.sendAndWait({ key: `m${n}`, collapseKey: "c" });
      const answer = rig.timeout(token);
      if (answer === undefined || !("seq" in answer)) throw new Error("no answer");
      expect(answer.status).toBe("queued");
      return { key: `m${n}`, seq: answer.seq };
    });
  }

  test("P4.6 five of one key on a half-open link are one after the reconnect; the others end collapsed", () => {
    const rig = Rig.online();
    const sent = five(rig);
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ seq }) => seq)).toEqual([sent[4]?.seq]);
    const ends = sent.map(({ key, seq }) => rig.statusOf(key, seq));
    expect(ends).toEqual([...Array(4).fill("collapsed"), "delivered"]);
  });

  test("P4.6 likewise after a sleep, with 128 unacknowledged ttl 0 messages ahead", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.sendAndWait({ ttlSeconds: 0 });
    rig.hibernate();
    const sent = five(rig);
    rig.hibernate();
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ seq }) => seq)).toEqual([sent[4]?.seq]);
    expect(rig.statusOf("m1", sent[0]?.seq ?? 0)).toBe("collapsed");
  });

  test("P4.6 what may have reached the device is sent for its answer alone: taken is delivered, dropped is collapsed", () => {
    const rig = Rig.online();
    const sent = five(rig);
    const lastSeq = sent[2]?.seq ?? 0;
    rig.connect({ lastSeq, attach: [1] });
    const came = rig.takeMessages();
    expect(came.map(({ seq, remainingMs }) => [seq, remainingMs === 0])).toEqual([
      [sent[0]?.seq, true],
      [sent[1]?.seq, true],
      [sent[2]?.seq, true],
      [sent[4]?.seq, false],
    ]);
    // It took the first before the link was lost, and the app was never given the other two.
    rig.ack(1, 2, sent[4]?.seq ?? 0, [sent[1]?.seq ?? 0, sent[2]?.seq ?? 0]);
    const ends = sent.map(({ key, seq }) => rig.statusOf(key, seq));
    expect(ends).toEqual(["delivered", "collapsed", "collapsed", "collapsed", "delivered"]);
  });

  test("P4.6 a newer message that comes while the device is away does not end what it may have", () => {
    const rig = Rig.online();
    const old = rig.queue({ key: "old", collapseKey: "c" });
    rig.lose();
    rig.restart();
    const between = rig.queue({ key: "between", collapseKey: "c" });
    rig.queue({ key: "new", collapseKey: "c" });
    expect(rig.statusOf("old", old.seq)).toBe("queued");
    expect(rig.statusOf("between", between.seq)).toBe("collapsed");
    rig.connect({ lastSeq: old.seq, attach: [1] });
    expect(rig.takeAndAck().map(({ remainingMs }) => remainingMs === 0)).toEqual([true, false]);
    expect(rig.statusOf("old", old.seq)).toBe("delivered");
  });

  test("P3.1 P4.6 what was replaced twice does not come back when the link ends after the last one's time", () => {
    const rig = Rig.online();
    const first = rig.queue({ key: "first", collapseKey: "c" });
    const second = rig.queue({ key: "second", collapseKey: "c" });
    rig.connect({ lastSeq: second.seq, attach: [] });
    rig.send({ key: "third", collapseKey: "c", ttlSeconds: 30, waitMs: 0 });
    rig.now += 60_000;
    rig.command({ kind: "attach", value: { slot: 1 } });
    expect(rig.takeMessages().map(({ remainingMs }) => remainingMs)).toEqual([0, 0]);
    rig.lose();
    rig.connect({ lastSeq: second.seq, attach: [1] });
    // For their answers alone.
    expect(rig.takeMessages().map(({ remainingMs }) => remainingMs)).toEqual([0, 0]);
    rig.ack(1, 2, second.seq, [first.seq, second.seq]);
    const ends = [rig.statusOf("first", first.seq), rig.statusOf("second", second.seq)];
    expect(ends).toEqual(["collapsed", "collapsed"]);
  });
});

describe("a full mailbox", () => {
  test("P4.7 drops its oldest message for one of the same priority", () => {
    const rig = Rig.offline();
    const seq = fill(rig, "oldest");
    expect(rig.statusOf("oldest", seq)).toBe("queued");
    expect(rig.queue().status).toBe("queued");
    expect(rig.statusOf("oldest", seq)).toBe("overflowed");
    expect(rig.store.mail.size).toBe(LIMITS.MAILBOX_MESSAGES);
  });

  test("P4.7 drops of the lowest priority first, though others are older", () => {
    const rig = Rig.offline();
    const high = rig.queue({ key: "high", lane: 1 });
    const low = rig.queue({ key: "low", lane: 3 });
    for (let i = 2; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue({ lane: 2 });
    rig.queue({ lane: 2 });
    expect(rig.statusOf("low", low.seq)).toBe("overflowed");
    expect(rig.statusOf("high", high.seq)).toBe("queued");
  });

  test("P4.7 ends the newcomer where all that waits is of higher priority", () => {
    const rig = Rig.offline();
    const seq = fill(rig, "high", { lane: 1 });
    const newcomer = rig.queue({ key: "low", lane: 2 });
    expect(newcomer.status).toBe("overflowed");
    expect(rig.statusOf("high", seq)).toBe("queued");
    rig.restart();
    expect(rig.statusOf("low", newcomer.seq)).toBe("overflowed");
  });

  test("P4.7 makes room by ending what has expired before it drops anything", () => {
    const rig = Rig.offline();
    const short = rig.queue({ key: "short", ttlSeconds: 1 });
    const seq = rig.queue({ key: "oldest" }).seq;
    for (let i = 2; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue();
    rig.now += 1_000;
    expect(rig.queue({ onOverflow: "reject" }).status).toBe("queued");
    expect(rig.statusOf("short", short.seq)).toBe("expired");
    expect(rig.statusOf("oldest", seq)).toBe("queued");
  });

  test("P4.7 refuses a newcomer that asks for that, and changes nothing", () => {
    const rig = Rig.offline();
    const seq = fill(rig, "oldest");
    const rows = rig.rows(() => {
      expect(rig.send({ onOverflow: "reject" })).toEqual({ ok: false, code: "mailbox_full" });
    });
    expect(rows).toBe(0);
    expect(rig.statusOf("oldest", seq)).toBe("queued");
  });

  test("P4.7 a newcomer that is refused changes nothing; one that fits in the place of its collapse key does not need more", () => {
    const rig = Rig.offline();
    const seq = fill(rig, "small", { collapseKey: null });
    const old = rig.queue({ key: "old", collapseKey: "c" });
    expect(rig.statusOf("small", seq)).toBe("overflowed");
    expect(rig.send({ onOverflow: "reject" })).toEqual({ ok: false, code: "mailbox_full" });
    expect(rig.statusOf("old", old.seq)).toBe("queued");
    const big = new Uint8Array(LIMITS.DATA_BYTES);
    expect(rig.queue({ collapseKey: "c", data: big, onOverflow: "reject" }).status).toBe("queued");
    expect(rig.statusOf("old", old.seq)).toBe("collapsed");
    expect(rig.store.mail.size).toBe(LIMITS.MAILBOX_MESSAGES);
  });

  test("P4.7 one newcomer overflows one message, however large it is and however small they are", () => {
    const rig = Rig.offline();
    const tiny = rig.queue({ key: "tiny", data: "t" });
    const next = rig.queue({ key: "next", data: "t" });
    const big = new Uint8Array(LIMITS.DATA_BYTES);
    for (let i = 2; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue({ data: big });
    rig.queue({ data: big });
    expect(rig.statusOf("tiny", tiny.seq)).toBe("overflowed");
    expect(rig.statusOf("next", next.seq)).toBe("queued");
  });

  test("P4.7 what comes back from a socket is not made to pay: a newcomer overflows one message all the same", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.sendAndWait();
    for (let i = 0; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue();
    rig.lose();
    const held = rig.store.mail.size;
    expect(held).toBe(LIMITS.MAILBOX_MESSAGES + LIMITS.INFLIGHT_MESSAGES);
    rig.queue();
    expect(rig.store.mail.size).toBe(held);
  });

  test("P4.7 counts bytes as well: at the bound all fits, one past it the oldest goes", () => {
    const rig = Rig.offline();
    const big = new Uint8Array(LIMITS.DATA_BYTES);
    const { seq } = rig.queue({ key: "oldest", data: big });
    for (let i = 1; i < LIMITS.MAILBOX_BYTES / LIMITS.DATA_BYTES; i++) rig.queue({ data: big });
    expect(rig.statusOf("oldest", seq)).toBe("queued");
    rig.queue({ data: new Uint8Array(1) });
    expect(rig.statusOf("oldest", seq)).toBe("overflowed");
  });

  test("P4.7 one registration's mailbox takes nothing from another's", () => {
    const rig = Rig.registered();
    rig.register("b");
    fill(rig, "oldest");
    expect(rig.queue({ app: "b", onOverflow: "reject" }).status).toBe("queued");
  });
});
