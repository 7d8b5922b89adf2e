/** Sends to an alias: who receives them, and what the alias is told. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { byAlias, holding, ofAlias, suspend, withdraw } from "../support/holder.ts";
import { keyOf, type Rig } from "../support/rig.ts";

describe("sends to an alias", () => {
  test("A4 reach the holder; a message that was accepted keeps its answer after the alias is lost", () => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(false, { key: "1" }));
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    expect(rig.calls).toEqual([]);
    suspend(rig);
    expect(rig.send(byAlias(false, { key: "1" }))).toMatchObject({ status: "delivered" });
    expect(rig.send(byAlias(false, { key: "2" }))).toMatchObject({ code: "alias_stale" });
  });

  test("A3 the first acknowledgement is reported to the alias if the sender asked for that", () => {
    const rig = holding();
    rig.sendAndWait(byAlias(true, { key: "1" }));
    rig.takeAndAck();
    expect(rig.calls.map(({ call }) => call)).toEqual([
      {
        method: "firstAck",
        request: { ...ofAlias("me"), key: keyOf("1"), seq: expect.any(Number), fingerprint: null },
      },
    ]);
    rig.answerCall({ ok: false });
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls()).toMatchObject([{ call: { method: "firstAck" } }]);
  });

  test("A3 it is reported until the alias has answered, or the message has expired", () => {
    for (const [seconds, methods] of [
      [29, ["firstAck"]],
      [31, []],
    ] as const) {
      const rig = holding();
      rig.sendAndWait(byAlias(true, { key: "1", ttlSeconds: 30 }));
      rig.takeAndAck();
      for (let n = 0; n < 3; n++) {
        rig.answerCall({ ok: false });
        rig.now += (seconds * 1_000) / 3 + 1;
        rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
      }
      expect(rig.calls.map(({ call }) => call.method)).toEqual(methods);
    }
  });

  test("A3 P1.2 a stored message keeps its row until the alias has answered", () => {
    const rig = holding();
    rig.lose();
    rig.queue(byAlias(true, { key: "1" }));
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    expect(rig.store.mail.size).toBe(1);
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(1);
    rig.answerCalls();
    expect(rig.store.mail.size).toBe(0);
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "delivered" });
  });

  test.each([
    ["a kill", (rig: Rig) => rig.restart()],
    ["a sleep", (rig: Rig) => rig.hibernate()],
  ])(
    "A3 P1.2 a message whose report failed stays delivered, and is reported, over %s",
    (_, over) => {
      for (const stored of [true, false]) {
        const rig = holding();
        const token = rig.sendAndWait(byAlias(true, { key: "1" }));
        if (stored) rig.timeout(token);
        const [message] = rig.takeMessages();
        const seq = message?.seq ?? 0;
        rig.ack(1, 2, seq);
        expect(rig.rows(() => rig.answerCall({ ok: false }))).toBe(stored ? 2 : 1);
        expect(rig.store.mail.size).toBe(0);
        // With a link or without: that of the others is no better for its being gone.
        rig.lose();
        const alarmAt = rig.device.lastingDeadline ?? Number.POSITIVE_INFINITY;
        expect(alarmAt).toBeLessThanOrEqual(rig.now + 1_000);
        over(rig);
        expect(rig.statusOf("1", seq)).toBe("delivered");
        rig.now = alarmAt;
        rig.alarm();
        const key = keyOf("1");
        const request = { ...ofAlias("me"), key, seq, fingerprint: null };
        const call = { method: "firstAck", request };
        expect(rig.answerCall({ ok: false }).call).toEqual(call);
        rig.alarm();
        expect(rig.calls).toEqual([]);
        rig.now = rig.device.lastingDeadline ?? 0;
        rig.alarm();
        expect(rig.calls.map((each) => each.call)).toEqual([call]);
        expect(rig.rows(() => rig.answerCalls())).toBe(1);
        rig.now += 7_200_000;
        rig.alarm();
        over(rig);
        rig.alarm();
        expect([rig.calls, rig.statusOf("1", seq)]).toEqual([[], "delivered"]);
      }
    },
  );

  test("P8.1 past the bound of kept reports, the oldest is not reported after a kill", () => {
    const rig = holding();
    for (let n = 0; n <= LIMITS.UNTOLD; n++) {
      rig.sendAndWait(byAlias(true, { key: `${n}` }));
      rig.takeAndAck();
      rig.answerCall({ ok: false });
    }
    rig.restart();
    rig.now += 1_000;
    rig.alarm();
    const told = rig.answerCalls().map(({ call }) => "key" in Object(call.request));
    expect(told).toHaveLength(LIMITS.UNTOLD);
  });

  test("the row of a report goes with its registration", () => {
    const rig = holding();
    rig.lose();
    rig.queue(byAlias(true));
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    expect(rig.store.mail.size).toBe(0);
    rig.answerCalls();
  });

  test("A3 a waiting message that another holder acknowledged is recalled, in 2 rows", () => {
    const rig = holding();
    rig.lose();
    const { seq } = rig.queue(byAlias(true, { key: "1" }));
    expect(rig.rows(() => withdraw(rig, "1"))).toBe(2);
    expect(rig.store.mail.size).toBe(0);
    expect(rig.statusOf("1", seq)).toBe("recalled");
    rig.restart();
    expect(rig.statusOf("1", seq)).toBe("recalled");
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "recalled" });
  });

  test.each([
    ["that waits for its acknowledgement", false],
    ["that is stored", true],
  ])("A3 a message on the socket %s is withdrawn from the app", (_, stored) => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(true, { key: "1" }));
    if (stored) rig.timeout(token);
    const [message] = rig.takeMessages();
    withdraw(rig, "1");
    expect(rig.take()).toEqual([{ kind: "withdraw", value: { slot: 1, key: keyOf("1") } }]);
    if (!stored) expect(rig.answers.get(token)).toMatchObject({ status: "recalled" });
    rig.ack(1, 2, message?.seq ?? 0);
    expect(rig.calls).toEqual([]);
    expect(rig.store.mail.size).toBe(0);
    expect(rig.statusOf("1", message?.seq ?? 0)).toBe("recalled");
    withdraw(rig, "1");
    expect(rig.take()).toEqual([]);
  });

  test("a message that arrives after its recall is refused", () => {
    const rig = holding();
    withdraw(rig, "1");
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "recalled" });
    expect(rig.take()).toEqual([]);
  });

  test("a message that the app has acknowledged is not recalled", () => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(true, { key: "1" }));
    rig.takeAndAck();
    withdraw(rig, "1");
    expect(rig.take()).toEqual([]);
    const answer = rig.answers.get(token);
    expect(answer).toMatchObject({ status: "delivered" });
    expect(rig.statusOf("1", answer?.ok && "seq" in answer ? answer.seq : 0)).toBe("delivered");
  });
});
