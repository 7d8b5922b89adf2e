import { describe, expect, test } from "vitest";
import { Rig } from "./support/rig.ts";

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

  test("P2.2 of a delivered message that the object forgot goes out under the same key, for the device to drop", () => {
    const rig = Rig.online();
    rig.send({ key: "m" });
    const [first] = rig.takeAndAck();
    rig.hibernate();
    const token = rig.sendAndWait({ key: "m" });
    const [second] = rig.takeAndAck();
    expect(second?.key).toEqual(first?.key);
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
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
