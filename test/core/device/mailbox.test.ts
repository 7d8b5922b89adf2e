import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig, type SendFields } from "./support/rig.ts";

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

  test("P4.7 a refused newcomer replaces none of its collapse key; one that fits in their place does", () => {
    const rig = Rig.offline();
    const big = new Uint8Array(LIMITS.DATA_BYTES);
    const small = rig.queue({ key: "small", collapseKey: "c", data: "tiny" });
    for (let i = 0; i < LIMITS.MAILBOX_BYTES / LIMITS.DATA_BYTES - 1; i++) rig.queue({ data: big });
    rig.queue({ key: "fitting", data: big.subarray(4) });
    const refused = rig.send({ collapseKey: "c", data: big, onOverflow: "reject" });
    expect(refused).toEqual({ ok: false, code: "mailbox_full" });
    expect(rig.statusOf("small", small.seq)).toBe("queued");
    rig.queue({ collapseKey: "c", data: "tiny", onOverflow: "reject" });
    expect(rig.statusOf("small", small.seq)).toBe("collapsed");
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
