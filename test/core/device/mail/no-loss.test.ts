import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

const delivered = (seq: number) => ({ ok: true, status: "delivered", seq });

describe("a lost connection", () => {
  test("P1.1 a message in flight whose link is lost is stored, answered queued, and reaches the app", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m" });
    const [message] = rig.takeMessages();
    rig.lose();
    const seq = message?.seq ?? 0;
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "queued", seq });
    expect(rig.statusOf("m", seq)).toBe("queued");
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toMatchObject([{ seq, replay: true }]);
    expect(rig.statusOf("m", seq)).toBe("delivered");
  });

  test("P1.1 every end but delivery can be told after a restart", () => {
    const rig = Rig.offline();
    const ended = {
      expired: rig.queue({ key: "expired", ttlSeconds: 1 }),
      collapsed: rig.queue({ key: "collapsed", collapseKey: "c" }),
    };
    rig.queue({ key: "newer", collapseKey: "c" });
    rig.now += 10_000;
    rig.alarm();
    rig.restart();
    for (const [key, { seq }] of Object.entries(ended)) expect(rig.statusOf(key, seq)).toBe(key);
  });

  test("P1.3 an acknowledgement that is lost makes the message come again, under the same key and seq", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "m" });
    const [first] = rig.takeMessages();
    rig.lose();
    rig.connect({ attach: [1], lastSeq: first?.seq ?? 0 });
    const [again] = rig.takeAndAck();
    expect(again).toMatchObject({ key: first?.key, seq: first?.seq, replay: true });
    expect(rig.store.mail.size).toBe(0);
  });

  test("P1.3 a half-open link is outlived: what is sent into it is queued at the timeout and sent on the next", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m" });
    expect(rig.timeout(token)).toMatchObject({ ok: true, status: "queued" });
    // The device comes back although the mesh never noticed that it had gone.
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toMatchObject([{ replay: true }]);
  });

  test("P1.7 a new link takes over what the one before had not acknowledged, in its order", () => {
    const rig = Rig.online();
    for (const key of ["1", "2", "3", "4"]) rig.send({ key });
    const sent = rig.takeMessages();
    rig.ack(1, 2, sent[1]?.seq ?? 0);
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ key }) => String.fromCharCode(key[0] ?? 0))).toEqual(["3", "4"]);
  });
});

describe("acknowledgements", () => {
  test("P1.5 a number beyond all that was sent acknowledges only what was sent", () => {
    const rig = Rig.registered();
    const waiting = rig.queue({ key: "waits" });
    rig.ack(1, 2, Number.MAX_SAFE_INTEGER);
    expect(rig.statusOf("waits", waiting.seq)).toBe("queued");
    expect(rig.store.mail.size).toBe(1);
  });

  test("P1.5 nor does it take what waits behind a full window: that is sent, and waits for its own", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES + 1; i++) rig.queue();
    rig.take();
    rig.ack(1, 2, Number.MAX_SAFE_INTEGER);
    expect(rig.takeMessages()).toHaveLength(1);
    expect(rig.store.mail.size).toBe(1);
  });

  test("P1.5 one of another lane, slot or socket acknowledges nothing", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ lane: 2 });
    const [message] = rig.takeMessages();
    const seq = message?.seq ?? 0;
    rig.ack(1, 1, seq);
    rig.ack(1, 3, seq);
    rig.ack(7, 2, seq);
    rig.ack(1, 2, seq - 1);
    expect(rig.answers.has(token)).toBe(false);
    rig.connect();
    rig.ack(1, 2, seq);
    expect(rig.answers.get(token)).toMatchObject({ status: "queued" });
    expect(rig.store.mail.size).toBe(1);
  });

  test("P1.5 one that was made before a detach acknowledges what was sent before it, and nothing that came after", () => {
    const rig = Rig.online();
    rig.send({ key: "1" });
    const first = rig.takeMessages()[0]?.seq ?? 0;
    rig.command({ kind: "detach", value: { slot: 1 } });
    rig.queue({ key: "2" });
    rig.ack(1, 2, first);
    expect(rig.store.mail.size).toBe(2);
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.ack(1, 2, first);
    expect(rig.store.mail.size).toBe(1);
  });

  test("P1.5 it is cumulative: the highest answers every sender up to it", () => {
    const rig = Rig.online();
    const tokens = ["1", "2", "3"].map((key) => rig.sendAndWait({ key }));
    const sent = rig.takeMessages();
    rig.ack(1, 2, sent[1]?.seq ?? 0);
    expect(tokens.map((token) => rig.answers.get(token))).toEqual([
      delivered(sent[0]?.seq ?? 0),
      delivered(sent[1]?.seq ?? 0),
      undefined,
    ]);
  });
});
