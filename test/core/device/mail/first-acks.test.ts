import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { DEVICE_NAME, keyOf, Rig, type SendFields } from "../support/rig.ts";

function command(rig: Rig, held: boolean, shared: boolean): void {
  rig.command({
    kind: "setAlias",
    value: { request: 5, slot: 1, alias: "me", held, ...(held ? { shared } : {}) },
  });
}

/** Online, and holds "me". */
function holding(shared = true): Rig {
  const rig = Rig.online();
  command(rig, true, shared);
  rig.answerCalls();
  rig.take();
  return rig;
}

const ring = (key: string, fields: SendFields = {}): SendFields & { readonly key: string } => ({
  ...fields,
  key,
  alias: { alias: "me", firstAckWins: true },
});

const withdraw = (rig: Rig, key: string) =>
  rig.run((context) => rig.device.withdraw({ app: "a", generation: 1, key: keyOf(key) }, context));

/** Another registration has the alias for itself. */
function lose(rig: Rig): void {
  rig.run((context) => rig.device.suspendAlias({ app: "a", generation: 1, alias: "me" }, context));
  rig.answerCall({ ok: true, answer: { holds: false, shared: false } });
}

describe("messages by firstAckWins", () => {
  test.each([
    [
      "a kill",
      (rig: Rig) => {
        rig.restart();
        rig.now += 60_000;
      },
    ],
    [
      "128 others, and a sleep",
      (rig: Rig) => {
        rig.now += LIMITS.IDEMPOTENCY_KEY_MS + 1;
        rig.hibernate();
        for (let n = 0; n <= LIMITS.RECENT_KEYS; n++) {
          rig.send();
          rig.takeAndAck();
        }
        rig.hibernate();
      },
    ],
  ])("A3 P2.2 P4.1 one that was recalled before it came stays so over %s", (_, over) => {
    const rig = holding();
    expect(rig.rows(() => withdraw(rig, "m"))).toBe(1);
    const { status, seq } = rig.queue(ring("m"));
    expect(status).toBe("recalled");
    over(rig);
    expect(rig.statusOf("m", seq)).toBe("recalled");
    rig.connect({ attach: [1] });
    expect(rig.send(ring("m"))).toMatchObject({ status: "recalled", seq });
    expect(rig.takeAndAck()).toEqual([]);
  });

  test("A3 P1.2 one that was recalled before it came is not shown after a kill between the two", () => {
    const rig = holding();
    withdraw(rig, "m");
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.send(ring("m"))).toMatchObject({ status: "recalled" });
    expect(rig.takeAndAck()).toEqual([]);
  });

  test("P4.1 P1.2 a stored one is called delivered only once no kill makes it wait again", () => {
    const rig = holding();
    const { seq } = rig.queue(ring("m"));
    rig.takeAndAck();
    expect(rig.statusOf("m", seq)).toBe("queued");
    const token = rig.sendAndWait(ring("m", { fingerprint: 1 }));
    const late = rig.sendAndWait(ring("m", { fingerprint: 1 }));
    expect(rig.timeout(late)).toMatchObject({ status: "queued", seq });
    // Another holder took it as well, at the same time.
    withdraw(rig, "m");
    expect(rig.rows(() => rig.answerCalls())).toBe(1);
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "delivered", seq });
    rig.restart();
    rig.now += 1_000;
    expect(rig.statusOf("m", seq)).toBe("delivered");
  });

  test("P4.1 P4.8 a stored one that was taken is delivered, though its registration ends before its alias has heard", () => {
    const rig = holding();
    const { seq } = rig.queue(ring("m"));
    const token = rig.sendAndWait(ring("m"));
    rig.takeAndAck();
    const { generation } = rig.request();
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "delivered", seq });
    expect(rig.store.mail.size).toBe(0);
    rig.answerCalls();
    rig.restart();
    rig.now += 1_000;
    expect(rig.status("m", seq, { generation })).toEqual({ ok: true, status: "delivered" });
  });

  test.each([
    ["gives the alias up", (rig: Rig) => command(rig, false, true)],
    ["loses it to another that sets it for itself", lose],
  ])("A3 what waits at a holder that %s is recalled, durably", (_, leave) => {
    const rig = holding();
    const other = rig.queue({ key: "other" });
    const waiting = rig.queue(ring("waiting"));
    const token = rig.sendAndWait(ring("online"));
    const seqs = rig.takeMessages().map(({ seq }) => seq);
    leave(rig);
    expect(rig.answers.get(token)).toMatchObject({ status: "recalled" });
    const withdrawn = rig.take().flatMap((frame) => (frame.kind === "withdraw" ? [frame] : []));
    expect(withdrawn).toHaveLength(2);
    rig.restart();
    expect(rig.statusOf("waiting", waiting.seq)).toBe("recalled");
    expect(rig.statusOf("online", seqs[2] ?? 0)).toBe("recalled");
    expect(rig.statusOf("other", other.seq)).toBe("queued");
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ seq }) => seq)).toEqual([other.seq]);
  });

  describe("that a lost link brought to a holder which leaves since", () => {
    /** Its app was shown it, and a kill came before the alias had answered. */
    function killed(fields: SendFields = {}): { rig: Rig; seq: number } {
      const rig = holding();
      const { seq } = rig.queue(ring("m", fields));
      rig.takeAndAck();
      rig.restart();
      return { rig, seq };
    }

    const backOf = (rig: Rig, seq: number) => {
      rig.connect({ lastSeq: seq, attach: [1] });
      return rig.takeMessages();
    };
    const toldOf = (rig: Rig) =>
      rig.answerCalls().flatMap(({ call }) => (call.method === "firstAck" ? [call.request] : []));

    test.each([
      ["before its answer", (_rig: Rig) => {}],
      ["before a kill, and its answer", (rig: Rig) => rig.restart()],
      ["before its link is lost, and its answer", (rig: Rig) => rig.lose()],
    ])("A3 P4.1 P1.2 are delivered, and their alias is told: it left %s", (_, over) => {
      const { rig, seq } = killed({ fingerprint: 1 });
      expect(backOf(rig, seq)).toMatchObject([{ seq }]);
      command(rig, false, true);
      rig.answerCalls();
      expect(rig.take().filter(({ kind }) => kind === "withdraw")).toHaveLength(1);
      expect(rig.statusOf("m", seq)).toBe("sent");
      over(rig);
      if (rig.device.session === null) {
        // For its answer alone.
        expect(backOf(rig, seq)).toMatchObject([{ seq, remainingMs: 0, data: new Uint8Array() }]);
      }
      rig.ack(1, 2, seq);
      // A kill would have the device asked again.
      expect(rig.statusOf("m", seq)).toBe("sent");
      const holder = { device: DEVICE_NAME, generation: 1 };
      expect(toldOf(rig)).toMatchObject([
        { alias: "me", holder, key: keyOf("m"), seq, fingerprint: 1 },
      ]);
      expect(rig.statusOf("m", seq)).toBe("delivered");
      rig.restart();
      rig.now += 1_000;
      expect(rig.statusOf("m", seq)).toBe("delivered");
      expect(backOf(rig, seq)).toEqual([]);
    });

    test("A3 P1.2 are asked after again after a kill before the alias has answered, and told of again where it cannot", () => {
      const { rig, seq } = killed();
      backOf(rig, seq);
      command(rig, false, true);
      rig.ack(1, 2, seq);
      rig.restart();
      expect(backOf(rig, seq)).toMatchObject([{ seq, remainingMs: 0 }]);
      rig.ack(1, 2, seq);
      rig.calls.splice(
        0,
        rig.calls.findIndex(({ call }) => call.method === "firstAck"),
      );
      rig.answerCall({ ok: false });
      expect(rig.statusOf("m", seq)).toBe("delivered");
      rig.restart();
      rig.now += 60_000;
      rig.alarm();
      expect(toldOf(rig)).toMatchObject([{ key: keyOf("m"), seq }]);
    });

    test.each([
      ["on the link on which it left", () => {}],
      ["after a kill", (rig: Rig) => rig.restart()],
    ])("A3 are recalled, durably, where the device dropped them: it says so %s", (_, over) => {
      const { rig, seq } = killed();
      backOf(rig, seq);
      const token = rig.sendAndWait(ring("m"));
      command(rig, false, true);
      over(rig);
      if (rig.device.session === null) backOf(rig, seq);
      else expect(rig.answers.has(token)).toBe(false);
      rig.ack(1, 2, seq, [seq]);
      if (rig.answers.has(token)) {
        expect(rig.answers.get(token)).toMatchObject({ status: "recalled", seq });
      }
      expect(rig.statusOf("m", seq)).toBe("recalled");
      expect(toldOf(rig)).toEqual([]);
      rig.restart();
      expect(rig.statusOf("m", seq)).toBe("recalled");
      expect(backOf(rig, seq)).toEqual([]);
    });

    test("A3 P4.5 are sent while it has no link, and recalled once it says that they never came", () => {
      const rig = holding();
      const { seq } = rig.queue(ring("m"));
      rig.lose();
      lose(rig);
      expect(rig.statusOf("m", seq)).toBe("sent");
      expect(rig.send(ring("m"))).toMatchObject({ status: "sent", seq });
      expect(backOf(rig, seq - 1)).toEqual([]);
      expect(rig.statusOf("m", seq)).toBe("recalled");
    });
  });

  test("A3 what waits at the only holder stays where it is: nobody else can take it", () => {
    const rig = holding(false);
    const { seq } = rig.queue(ring("m"));
    rig.take();
    lose(rig);
    rig.lose();
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map((message) => message.seq)).toEqual([seq]);
  });

  describe("under a collapse key, on a link that was lost, with one that replaced them", () => {
    /** Both come on the next link, the older for its answer alone. */
    function replaced(old: SendFields, newer: SendFields, later = 0) {
      const rig = holding();
      const seqs = [old, newer].map((one) => rig.queue({ ...one, collapseKey: "x" }).seq);
      rig.lose();
      rig.connect({ lastSeq: Math.max(...seqs) });
      rig.now += later;
      rig.command({ kind: "attach", value: { slot: 1 } });
      expect(rig.takeMessages().find(({ seq }) => seq === seqs[0])).toMatchObject({
        remainingMs: 0,
      });
      const [seq = 0, newerSeq = 0] = seqs;
      return { rig, seq, newerSeq };
    }

    test("A3 P4.1 what the device had of another sender before it took one stays delivered", () => {
      const { rig, seq, newerSeq } = replaced({ key: "old" }, ring("newer"));
      rig.ack(1, 2, newerSeq);
      expect(rig.statusOf("old", seq)).toBe("delivered");
      rig.answerCalls();
      rig.restart();
      rig.now += 1_000;
      expect(rig.statusOf("old", seq)).toBe("delivered");
      expect(rig.statusOf("newer", newerSeq)).toBe("delivered");
    });

    test.each([
      ["a sleep", (rig: Rig) => rig.hibernate()],
      ["a kill", (rig: Rig) => rig.restart()],
    ])("A3 P4.6 what one replaced that was taken since is not sent anew after %s", (_, over) => {
      const { rig, seq, newerSeq } = replaced({ key: "old" }, ring("newer", { lane: 1 }));
      rig.ack(1, 1, newerSeq);
      rig.answerCalls();
      over(rig);
      rig.lose();
      rig.now += 1_000;
      rig.connect({ lastSeq: newerSeq, attach: [1] });
      expect(rig.takeMessages()).toMatchObject([{ seq, remainingMs: 0 }]);
      rig.ack(1, 2, seq, [seq]);
      expect(rig.statusOf("old", seq)).toBe("collapsed");
    });

    test("A3 the others are told of one that the device had, though what replaced it has expired", () => {
      const { rig, seq } = replaced(ring("old"), { ttlSeconds: 30 }, 40_000);
      rig.ack(1, 2, seq);
      expect(rig.statusOf("old", seq)).toBe("delivered");
      expect(rig.answerCalls().map(({ call }) => call.method)).toContain("firstAck");
      expect(rig.statusOf("old", seq)).toBe("delivered");
    });

    test("A3 it is recalled, durably, where its alias is given up before the device has answered", () => {
      const { rig, seq } = replaced(ring("old"), { ttlSeconds: 30 }, 40_000);
      command(rig, false, true);
      for (const over of [() => {}, () => rig.restart()]) {
        over();
        expect(rig.statusOf("old", seq)).toBe("recalled");
      }
    });
  });

  describe("that were taken before, as the alias knows", () => {
    const taken = (seq: number | null, fields: SendFields = {}) => ({
      ...fields,
      key: "m",
      alias: { alias: "me", firstAckWins: true, taken: { seq } },
    });

    test("A3 P2.2 one that has not come here is recalled, durably, and shown to nobody", () => {
      const rig = holding();
      const answer = rig.queue(taken(null, { fingerprint: 1 }));
      expect(answer).toMatchObject({ status: "recalled" });
      expect(rig.takeMessages()).toEqual([]);
      rig.restart();
      rig.now += 60_000;
      rig.connect({ attach: [1] });
      expect(rig.statusOf("m", answer.seq)).toBe("recalled");
      expect(rig.queue(ring("m", { fingerprint: 1 }))).toEqual(answer);
      expect(rig.send(ring("m", { fingerprint: 2 }))).toMatchObject({ ok: false });
      expect(rig.takeMessages()).toEqual([]);
    });

    test("A3 one that is on its way, or waits, is recalled though the alias has not come so far", () => {
      const rig = holding();
      const token = rig.sendAndWait(ring("m"));
      rig.takeMessages();
      expect(rig.send(taken(null))).toMatchObject({ status: "recalled" });
      expect(rig.answers.get(token)).toMatchObject({ status: "recalled" });
      expect(rig.take().map(({ kind }) => kind)).toEqual(["withdraw"]);
      const away = holding();
      away.lose();
      away.queue(ring("m"));
      expect(away.send(taken(null))).toMatchObject({ status: "recalled" });
      expect(away.store.mail.size).toBe(0);
    });

    test("A3 P2.2 what was taken here, too, stays delivered", () => {
      const rig = holding();
      rig.sendAndWait(ring("m"));
      const [message] = rig.takeAndAck();
      expect(rig.queue(taken(null))).toMatchObject({ status: "delivered", seq: message?.seq });
    });

    test("A3 P2.2 its taker answers as it did, also after a kill that made it forget, and is sent nothing", () => {
      for (const over of [() => {}, (rig: Rig) => rig.restart()]) {
        const rig = holding();
        rig.sendAndWait(ring("m"));
        const [message] = rig.takeAndAck();
        rig.answerCalls();
        over(rig);
        rig.now += 1_000;
        rig.connect({ attach: [1] });
        const { seq } = message ?? { seq: 0 };
        expect(rig.send(taken(seq))).toEqual({ ok: true, status: "delivered", seq });
        expect(rig.takeMessages()).toEqual([]);
        expect(rig.statusOf("m", seq)).toBe("delivered");
      }
    });
  });
});
