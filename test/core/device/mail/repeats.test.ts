import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

describe("P2.2 a second request with the key of a first", () => {
  test("P2.2 waits for the same acknowledgement while the first is on the socket", () => {
    const rig = Rig.online();
    const tokens = [rig.sendAndWait({ key: "m" }), rig.sendAndWait({ key: "m" })];
    const messages = rig.takeAndAck();
    expect(messages).toHaveLength(1);
    const answer = { ok: true, status: "delivered", seq: messages[0]?.seq };
    expect(tokens.map((token) => rig.answers.get(token))).toEqual([answer, answer]);
  });

  test("P2.2 that does not wait makes the first durable, and does not send it again", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m" });
    const second = rig.queue({ key: "m" });
    expect(second.status).toBe("queued");
    expect(rig.takeAndAck()).toHaveLength(1);
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "delivered", seq: second.seq });
    expect(rig.store.mail.size).toBe(0);
  });

  test("P2.2 gets the answer that stands: queued, delivered, collapsed, expired, overflowed", () => {
    const rig = Rig.offline();
    const queued = rig.queue({ key: "q" });
    expect(rig.queue({ key: "q" })).toEqual(queued);
    rig.queue({ key: "old", collapseKey: "c" });
    rig.queue({ key: "new", collapseKey: "c" });
    rig.queue({ key: "short", ttlSeconds: 1 });
    rig.now += 1_000;
    for (const [key, status] of [
      ["old", "collapsed"],
      ["short", "expired"],
      ["new", "queued"],
    ] as const) {
      expect(rig.queue({ key }).status).toBe(status);
    }
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(2);
    expect(rig.queue({ key: "q" })).toEqual({ ...queued, status: "delivered" });
    expect(rig.take()).toEqual([]);
  });

  test("P2.2 knows how a message ended after a restart, and sends what ended not again", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ key: "old", collapseKey: "c" });
    rig.queue({ key: "new", collapseKey: "c" });
    rig.restart();
    expect(rig.queue({ key: "old" })).toEqual({ ok: true, status: "collapsed", seq });
  });

  test("P2.2 of a delivered message that a killed process forgot goes out under the same key, for the device to drop", () => {
    const rig = Rig.online();
    rig.send({ key: "m" });
    const [first] = rig.takeAndAck();
    rig.restart();
    rig.now += 1_000;
    const again = rig.queue({ key: "m" });
    // The first is what it was, whatever becomes of the second.
    expect(rig.statusOf("m", first?.seq ?? 0)).toBe("delivered");
    expect(rig.statusOf("m", again.seq)).toBe("queued");
    rig.connect({ attach: [1] });
    const [second] = rig.takeAndAck();
    expect(second?.key).toEqual(first?.key);
    expect(rig.statusOf("m", again.seq)).toBe("delivered");
    expect(rig.statusOf("m", first?.seq ?? 0)).toBe("delivered");
  });

  test("P2.2 P4.1 of a ttl 0 message that came before a kill has another ID, and that alone is called expired", () => {
    const rig = Rig.online();
    const first = rig.queue({ key: "m", ttlSeconds: 0 });
    expect(first.status).toBe("sent");
    expect(rig.takeMessages()).toHaveLength(1);
    rig.restart();
    // No process is back sooner.
    rig.now += 1;
    const again = rig.queue({ key: "m", ttlSeconds: 0 });
    expect(again).toMatchObject({ status: "expired" });
    expect(again.seq).toBeGreaterThan(first.seq);
    expect(rig.status("m", first.seq)).toEqual({ ok: false, code: "message_not_found" });
    expect(rig.statusOf("m", again.seq)).toBe("expired");
  });

  test("P2.2 P6.1 P6.4 keeps a final answer over sleep and over the loss of the link, for no row", () => {
    const rig = Rig.registered();
    const rows = rig.rows(() => {
      rig.queue({ key: "never", ttlSeconds: 0 });
      rig.command({ kind: "attach", value: { slot: 1 } });
      rig.send({ key: "taken" });
      rig.takeAndAck();
    });
    expect(rows).toBe(0);
    const answers = () => ["taken", "never"].map((key) => rig.queue({ key }).status);
    const first = [rig.queue({ key: "taken" }), rig.queue({ key: "never", ttlSeconds: 0 })];
    expect(answers()).toEqual(["delivered", "expired"]);
    rig.take();
    rig.hibernate();
    expect(answers()).toEqual(["delivered", "expired"]);
    expect(rig.rows(() => rig.lose())).toBe(1);
    expect(answers()).toEqual(["delivered", "expired"]);
    rig.restart();
    rig.now += LIMITS.IDEMPOTENCY_KEY_MS - 1_000;
    expect(answers()).toEqual(["delivered", "expired"]);
    expect(rig.queue({ key: "taken" })).toEqual(first[0]);
    rig.connect({ attach: [1] });
    rig.hibernate();
    expect(answers()).toEqual(["delivered", "expired"]);
    expect(rig.take()).not.toContainEqual(expect.objectContaining({ kind: "deliver" }));
  });

  test("P2.2 P8.1 remembers so many final answers over sleep, the newest, and not beyond the life of a key", () => {
    const rig = Rig.online();
    const count = LIMITS.RECENT_KEYS + 1;
    for (let n = 0; n < count; n++) {
      rig.send({ key: `m${n}` });
      rig.takeAndAck();
    }
    rig.hibernate();
    rig.lose();
    expect(rig.queue({ key: "m1" }).status).toBe("delivered");
    expect(rig.queue({ key: "m0" }).status).toBe("queued");
    rig.now += LIMITS.IDEMPOTENCY_KEY_MS + 1;
    rig.connect();
    rig.restart();
    expect(rig.queue({ key: "m1" }).status).toBe("queued");
  });

  test("P2.2 with another body is refused, whatever became of the first", () => {
    const rig = Rig.online();
    const refused = { ok: false, code: "idempotency_key_reused" };
    const again = (key: string, fingerprint: number) => rig.send({ key, fingerprint, waitMs: 0 });
    const token = rig.sendAndWait({ key: "flight", fingerprint: 1 });
    expect(again("flight", 2)).toEqual(refused);
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    expect(again("flight", 2)).toEqual(refused);
    expect(again("flight", 1)).toMatchObject({ status: "delivered" });
    rig.lose();
    rig.queue({ key: "row", fingerprint: 0xffff_ffff });
    rig.queue({ key: "old", fingerprint: 4, collapseKey: "c" });
    rig.queue({ key: "new", fingerprint: 5, collapseKey: "c" });
    rig.restart();
    for (const key of ["row", "flight", "old"]) expect(again(key, 9)).toEqual(refused);
    expect(again("row", 0xffff_ffff)).toMatchObject({ status: "queued" });
    expect(again("old", 4)).toMatchObject({ status: "collapsed" });
    // One copy of a signed request is like another.
    expect(rig.send({ key: "row", waitMs: 0 })).toMatchObject({ status: "queued" });
  });

  test("P2.2 to another app's registration is another message", () => {
    const rig = Rig.online();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    rig.take();
    rig.send({ key: "m" });
    rig.send({ key: "m", app: "b" });
    expect(rig.takeAndAck().map((message) => message.slot)).toEqual([1, slot]);
  });
});
