import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

describe("answers to a send", () => {
  test("P4.1 delivered comes with the acknowledgement and not before", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m" });
    const [message] = rig.takeMessages();
    const seq = message?.seq ?? 0;
    expect(rig.answers.has(token)).toBe(false);
    expect(rig.statusOf("m", seq)).toBe("queued");
    rig.ack(1, 2, seq);
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "delivered", seq });
  });

  test("P4.1 an acknowledgement after the answer queued turns the status to delivered", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m" });
    const answer = rig.timeout(token);
    expect(answer).toMatchObject({ status: "queued" });
    const [message] = rig.takeAndAck();
    expect(rig.answers.get(token)).toEqual(answer);
    expect(rig.statusOf("m", message?.seq ?? 0)).toBe("delivered");
  });

  test.each([
    ["offline", () => Rig.offline(), {}],
    ["not attached", () => Rig.registered(), {}],
    ["online, not waited for", () => Rig.online(), { waitMs: 0 }],
  ] as const)("P4.2 queued is answered with the row written: %s", (_, make, fields) => {
    const rig = make();
    expect(rig.send({ key: "m", ...fields })).toMatchObject({ ok: true, status: "queued" });
    expect(rig.store.mail.size).toBe(1);
  });

  test("P4.2 a sender whose wait is over is answered queued with the row written", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait();
    expect(rig.store.mail.size).toBe(0);
    expect(rig.timeout(token)).toMatchObject({ status: "queued" });
    expect(rig.store.mail.size).toBe(1);
  });

  test("P4.2 a sender whose message waits behind a full window is answered queued, once its wait is over", () => {
    const rig = Rig.online();
    for (let i = 0; i < 128; i++) rig.sendAndWait();
    const token = rig.sendAndWait();
    expect(rig.timeout(token)).toMatchObject({ status: "queued" });
    expect(rig.timeout(token)).toMatchObject({ status: "queued" });
  });

  test("P4.2 a sender behind a full window is answered queued as soon as the link is lost", () => {
    const rig = Rig.online();
    for (let i = 0; i < 128; i++) rig.sendAndWait();
    const token = rig.sendAndWait();
    rig.lose();
    expect(rig.answers.get(token)).toMatchObject({ status: "queued" });
  });

  test("P4.3 a ttl 0 message is delivered where the device answers", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ ttlSeconds: 0 });
    const [message] = rig.takeAndAck();
    expect(message).not.toHaveProperty("expiresAtMs");
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  });

  test("P4.3 a ttl 0 message is expired where it never went out: no link, or others before it", () => {
    expect(Rig.offline().send({ ttlSeconds: 0 })).toMatchObject({ status: "expired" });
    const behind = Rig.online();
    for (let i = 0; i < 128; i++) behind.sendAndWait();
    expect(behind.send({ ttlSeconds: 0 })).toMatchObject({ status: "expired" });
  });

  test("P4.3 one on the socket is withdrawn within the wait, and expired once the device says that it dropped it", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m", ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    expect(rig.firstTimeout(token)).toBeUndefined();
    expect(rig.take()).toMatchObject([{ kind: "withdraw", value: { slot: 1 } }]);
    const rows = rig.rows(() => rig.ack(1, 2, 0, [seq]));
    expect(rows).toBe(0);
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "expired", seq });
    rig.ack(1, 2, seq);
    expect(rig.statusOf("m", seq)).toBe("expired");
  });

  test("P4.3 one that the app was given is delivered, though it was withdrawn", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ ttlSeconds: 0 });
    rig.firstTimeout(token);
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  });

  test("P4.3 where the device does not say in time it is sent, which is not final: a later word ends it", () => {
    for (const [discarded, end] of [
      [true, "expired"],
      [false, "delivered"],
    ] as const) {
      const rig = Rig.online();
      const token = rig.sendAndWait({ key: "m", ttlSeconds: 0 });
      expect(rig.timeout(token)).toMatchObject({ status: "sent" });
      const seq = rig.takeMessages()[0]?.seq ?? 0;
      expect(rig.statusOf("m", seq)).toBe("sent");
      expect(rig.queue({ key: "m", ttlSeconds: 0 })).toMatchObject({ status: "sent", seq });
      rig.ack(1, 2, seq, discarded ? [seq] : []);
      expect(rig.statusOf("m", seq)).toBe(end);
    }
  });

  test("P4.3 a lost link leaves it sent: the app may have it", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m", ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    rig.lose();
    expect(rig.answers.get(token)).toMatchObject({ status: "sent" });
    expect(rig.queue({ key: "m", ttlSeconds: 0 })).toMatchObject({ status: "sent", seq });
  });

  test("P4.3 what a lost link left sent is asked after on the next one, for no row, and ends as the device says", () => {
    for (const [discards, end] of [
      [true, "expired"],
      [false, "delivered"],
    ] as const) {
      const rig = Rig.online();
      const early = rig.queue({ key: "early", ttlSeconds: 600 });
      rig.sendAndWait({ key: "m", ttlSeconds: 0, fingerprint: 7 });
      const seq = rig.takeMessages().at(-1)?.seq ?? 0;
      rig.lose();
      const late = rig.queue({ key: "late" });
      // Also where nothing of it is in memory any more.
      rig.restart();
      rig.now += 1_000;
      expect(rig.statusOf("m", seq)).toBe("sent");
      rig.connect({ attach: [1] });
      const asked = rig.takeMessages();
      expect(asked.map((message) => message.seq)).toEqual([early.seq, seq, late.seq]);
      expect(asked[1]).toMatchObject({ remainingMs: 0, data: new Uint8Array(), replay: true });
      const token = rig.sendAndWait({ key: "m", ttlSeconds: 0, fingerprint: 7 });
      const rows = rig.rows(() => rig.ack(1, 2, seq, discards ? [seq] : []));
      // The row of the one before it.
      expect(rows).toBe(1);
      expect(rig.answers.get(token)).toEqual({ ok: true, status: end, seq });
      expect(rig.statusOf("m", seq)).toBe(end);
      rig.lose();
      rig.connect({ attach: [1] });
      expect(rig.takeMessages().map((message) => message.seq)).toEqual([late.seq]);
      expect(rig.statusOf("m", seq)).toBe(end);
    }
  });

  test("P4.3 asks again where a link is lost before the answer, and not beyond 10 minutes: then nobody knows", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "m", ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    for (let n = 0; n < 2; n++) {
      rig.lose();
      rig.connect({ attach: [1] });
      expect(rig.takeMessages().map((message) => message.seq)).toEqual([seq]);
    }
    rig.lose();
    rig.now += LIMITS.IDEMPOTENCY_KEY_MS;
    expect(rig.statusOf("m", seq)).toBe("sent");
    rig.now += 1;
    expect(rig.statusOf("m", seq)).toBe("message_not_found");
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("m", seq)).toBe("message_not_found");
    const again = rig.sendAndWait({ key: "m", ttlSeconds: 0 });
    rig.takeAndAck();
    expect(rig.answers.get(again)).toMatchObject({ status: "delivered" });
  });

  test("P4.3 P4.8 one that was being asked after when its registration ends is unregistered", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "m", ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    rig.lose();
    rig.connect({ attach: [1] });
    const { generation } = rig.request();
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    expect(rig.status("m", seq, { generation })).toEqual({ ok: true, status: "unregistered" });
  });

  test("P4.3 P4.9 with wait=0 a ttl 0 message is answered at once, and sent", () => {
    const rig = Rig.online();
    const rows = rig.rows(() => {
      expect(rig.queue({ key: "m", ttlSeconds: 0 }).status).toBe("sent");
    });
    expect(rows).toBe(0);
    const [message] = rig.takeAndAck();
    expect(rig.statusOf("m", message?.seq ?? 0)).toBe("delivered");
  });

  test("P4.3 a ttl 0 message is never stored, nor its outcome, and does not come again", () => {
    const rig = Rig.online();
    const rows = rig.rows(() => {
      const token = rig.sendAndWait({ key: "m", ttlSeconds: 0 });
      rig.timeout(token);
      rig.command({ kind: "detach", value: { slot: 1 } });
      rig.take();
      rig.command({ kind: "attach", value: { slot: 1 } });
    });
    expect(rows).toBe(0);
    // For its answer alone.
    const asked = { remainingMs: 0, data: new Uint8Array() };
    expect(rig.takeMessages()).toMatchObject([asked]);
    expect(rig.queue({ key: "m", ttlSeconds: 0 }).status).toBe("sent");
  });

  test("P4.3 what was answered expired stays so when an acknowledgement comes after all, 256 messages later too", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m", ttlSeconds: 0, lane: 1 });
    const [message] = rig.takeMessages();
    const seq = message?.seq ?? 0;
    rig.ack(1, 1, 0, [seq]);
    expect(rig.answers.get(token)).toMatchObject({ status: "expired" });
    for (let i = 0; i < 256; i++) {
      rig.send();
      rig.takeAndAck();
    }
    expect(rig.statusOf("m", seq)).toBe("expired");
    rig.ack(1, 1, seq);
    expect(rig.statusOf("m", seq)).not.toBe("delivered");
  });

  test("P4.5 a message that waited longer than its ttl ends expired and is not sent, alone or behind others", () => {
    const rig = Rig.offline();
    rig.queue({ key: "long" });
    const short = rig.queue({ key: "short", ttlSeconds: 1 });
    rig.queue({ key: "longer" });
    rig.now += 1_000;
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ data }) => String.fromCharCode(...data))).toEqual([
      "long",
      "longer",
    ]);
    expect(rig.statusOf("short", short.seq)).toBe("expired");
    rig.restart();
    expect(rig.statusOf("short", short.seq)).toBe("expired");
  });

  test("P4.5 once called expired it stays expired, whatever its row goes through", () => {
    const ways: Record<string, (rig: Rig) => void> = {
      collapse: (rig) => rig.queue({ collapseKey: "c" }),
      "clock set back": (rig) => {
        rig.now -= 10_000;
        rig.connect({ attach: [1] });
        rig.takeAndAck();
      },
      unregister: (rig) => {
        rig.connect();
        rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
      },
    };
    for (const [name, way] of Object.entries(ways)) {
      const rig = Rig.offline();
      const { seq } = rig.queue({ key: "m", ttlSeconds: 5, collapseKey: "c" });
      rig.now += 5_000;
      expect(rig.statusOf("m", seq)).toBe("expired");
      way(rig);
      expect(rig.statusOf("m", seq), name).toBe("expired");
    }
  });

  test("P4.5 what is on the socket when its time is over is withdrawn, and ends as the device says", () => {
    for (const [discarded, end] of [
      [true, "expired"],
      [false, "delivered"],
    ] as const) {
      const rig = Rig.online();
      const { seq } = rig.queue({ key: "m", ttlSeconds: 5 });
      rig.take();
      rig.now += 5_000;
      expect(rig.statusOf("m", seq)).toBe("sent");
      rig.alarm();
      expect(rig.take()).toMatchObject([{ kind: "withdraw" }]);
      rig.ack(1, 2, seq, discarded ? [seq] : []);
      expect(rig.statusOf("m", seq)).toBe(end);
      expect(rig.store.mail.size).toBe(0);
    }
  });

  test("P4.1 P1.1 what the device says it discarded is expired, behind and before what it took, also above its number", () => {
    const rig = Rig.online();
    const tokens = [1, 2, 3].map((n) => rig.sendAndWait({ key: `${n}` }));
    const [one, two, three] = rig.takeMessages().map(({ seq }) => seq);
    rig.ack(1, 2, one ?? 0, [one ?? 0, three ?? 0]);
    const [first = 0, second = 0, third = 0] = tokens;
    for (const token of [first, third]) {
      expect(rig.answers.get(token)).toMatchObject({ status: "expired" });
    }
    expect(rig.answers.has(second)).toBe(false);
    rig.ack(1, 2, three ?? 0);
    expect(rig.answers.get(second)).toMatchObject({ status: "delivered" });
    rig.now += 1_000;
    rig.restart();
    expect(rig.statusOf("3", three ?? 0)).toBe("expired");
    expect(rig.statusOf("2", two ?? 0)).toBe("delivered");
  });

  test("P1.2 P4.1 a message whose time is over on the socket is not called delivered after a crash", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ key: "m", ttlSeconds: 1 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    rig.now += 5_000;
    expect(rig.timeout(token)).toMatchObject({ status: "sent" });
    rig.restart();
    expect(rig.statusOf("m", seq)).toBe("sent");
    rig.connect({ lastSeq: seq, attach: [1] });
    rig.ack(1, 2, 0, [seq]);
    expect(rig.statusOf("m", seq)).toBe("expired");
  });

  test("P4.5 a sender is told expired, not queued, where its ttl is over before its wait", () => {
    const onSocket = Rig.online();
    const first = onSocket.sendAndWait({ ttlSeconds: 1 });
    onSocket.now += 5_000;
    expect(onSocket.firstTimeout(first)).toBeUndefined();
    const seq = onSocket.takeMessages()[0]?.seq ?? 0;
    onSocket.ack(1, 2, 0, [seq]);
    expect(onSocket.answers.get(first)).toMatchObject({ status: "expired" });
    const behind = Rig.online();
    for (let i = 0; i < 128; i++) behind.sendAndWait();
    const second = behind.sendAndWait({ ttlSeconds: 1 });
    behind.now += 5_000;
    expect(behind.timeout(second)).toMatchObject({ status: "expired" });
    const lost = Rig.online();
    for (let i = 0; i < 128; i++) lost.sendAndWait();
    const third = lost.sendAndWait({ ttlSeconds: 1 });
    lost.now += 5_000;
    lost.lose();
    expect(lost.answers.get(third)).toMatchObject({ status: "expired" });
  });

  test("P4.5 the alarm ends what is due, and says when it wants to be called next", () => {
    const rig = Rig.offline();
    expect(rig.device.deadline).toBeNull();
    const due = rig.queue({ key: "due", ttlSeconds: 60 });
    const later = rig.queue({ key: "later", ttlSeconds: 3_600 });
    expect(rig.device.deadline).toBeGreaterThanOrEqual(rig.now + 60_000);
    rig.now = rig.device.deadline ?? 0;
    rig.alarm();
    expect(rig.statusOf("due", due.seq)).toBe("expired");
    expect(rig.statusOf("later", later.seq)).toBe("queued");
    expect(rig.device.deadline).toBeGreaterThanOrEqual(rig.now);
    rig.now = rig.device.deadline ?? 0;
    rig.alarm();
    expect(rig.device.deadline).toBeNull();
    expect(rig.store.mail.size).toBe(0);
  });

  test("P4.5 a sender that waits for a message on the socket is answered by the device's word on the alarm", () => {
    const rig = Rig.online();
    rig.queue({ key: "m", ttlSeconds: 1 });
    const token = rig.sendAndWait({ key: "m", ttlSeconds: 1 });
    rig.now += 1_000;
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    rig.alarm();
    expect(rig.take()).toMatchObject([{ kind: "withdraw" }]);
    rig.ack(1, 2, seq, [seq]);
    expect(rig.answers.get(token)).toMatchObject({ status: "expired" });
  });

  test("P4.9 a sender that does not wait is answered at once, and the message still goes out at once", () => {
    const rig = Rig.online();
    expect(rig.queue().status).toBe("queued");
    expect(rig.takeMessages()).toHaveLength(1);
  });

  test("P4.9 a sender whose socket is cut while it sends is answered all the same", () => {
    const rig = Rig.online();
    rig.buffered = 2 ** 30;
    const token = rig.sendAndWait({ key: "m" });
    expect(rig.closes).toMatchObject([{ code: "slow_consumer" }]);
    expect(rig.answers.get(token)).toMatchObject({ status: "queued" });
    expect(rig.device.session).toBeNull();
  });
});
