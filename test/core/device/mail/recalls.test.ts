import { describe, expect, test } from "vitest";
import { DeviceEventKind } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { recall as recallOf } from "../support/acts.ts";
import type { Down } from "../support/frames.ts";
import { keyOf, Rig, type SendFields } from "../support/rig.ts";

/** The answer, or the token of a caller that waits. */
const recall = (rig: Rig, seq: number, waitMs = 5_000, key = "m") =>
  recallOf(rig, seq, { key, waitMs });

function recallAndWait(rig: Rig, seq: number): number {
  const token = recall(rig, seq);
  if (typeof token !== "number") throw new Error(JSON.stringify(token));
  return token;
}

const recallsIn = (frames: readonly Down[]) =>
  frames.flatMap((frame) => (frame.kind === "withdraw" && frame.value.recall ? [frame.value] : []));

/** The device answers a recall. */
function answer(rig: Rig, seq: number, kind: DeviceEventKind, takenAgoMs?: number): void {
  const taken = takenAgoMs === undefined ? {} : { takenAgoMs };
  const events = [{ kind, key: keyOf("m"), seq, ...taken }];
  rig.command({ kind: "events", value: { request: 9, slot: 1, events } });
}

const { RECALLED, UNKNOWN } = DeviceEventKind;
const M: SendFields = { key: "m", fingerprint: 1 };

describe("a message that its sender recalls", () => {
  test("X1 ends as recalled at once if it waits and was never sent, whatever is repeated or killed", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue(M);
    expect(rig.rows(() => expect(recall(rig, seq)).toEqual({ ok: true, status: "recalled" }))).toBe(
      2,
    );
    expect(rig.store.mail.size).toBe(0);
    for (const happen of [() => {}, () => rig.restart()]) {
      happen();
      expect(rig.rows(() => expect(recall(rig, seq)).toMatchObject({ status: "recalled" }))).toBe(
        0,
      );
      expect(rig.queue(M)).toMatchObject({ status: "recalled", seq });
      rig.connect({ attach: [1] });
      expect(rig.takeMessages()).toEqual([]);
      rig.lose();
    }
  });

  test("X1 X2 on the socket ends as the device says, and its sender hears the same", () => {
    for (const stored of [false, true]) {
      for (const [drops, end] of [
        [true, "recalled"],
        [false, "delivered"],
      ] as const) {
        const rig = Rig.online();
        const sender = rig.sendAndWait(M);
        const seq = rig.takeMessages()[0]?.seq ?? 0;
        if (stored) rig.timeout(sender);
        const token = recallAndWait(rig, seq);
        expect(recallsIn(rig.take())).toEqual([{ slot: 1, key: keyOf("m"), recall: true, seq }]);
        expect(rig.statusOf("m", seq)).toBe("sent");
        rig.ack(1, 2, drops ? 0 : seq, drops ? [seq] : []);
        if (!stored) expect(rig.answers.get(sender)).toMatchObject({ status: end, seq });
        if (drops) expect(rig.answers.get(token)).toEqual({ ok: true, status: "recalled" });
        else {
          expect(rig.answers.get(token)).toBeUndefined();
          rig.now += 10;
          answer(rig, seq, RECALLED, 4);
          const deliveredAt = rig.now - 4;
          const said = { ok: true, status: "delivered", display: "removed", deliveredAt };
          expect(rig.answers.get(token)).toEqual(said);
        }
        rig.restart();
        rig.now += 1_000;
        expect(rig.statusOf("m", seq)).toBe(end);
        rig.connect({ attach: [1], lastSeq: seq });
        expect(rig.take().filter(({ kind }) => kind !== "welcome")).toEqual([]);
      }
    }
  });

  const links = [
    ["awake", () => undefined],
    ["asleep", (rig: Rig) => rig.hibernate()],
    ["killed", (rig: Rig) => rig.restart()],
  ] as const;
  for (const [when, over] of links) {
    for (const [drops, end] of [
      [true, "recalled"],
      [false, "delivered"],
    ] as const) {
      test(`X1 X2 that a lost link may have brought is only asked about on the next one, and ends as ${end}, ${when} meanwhile`, () => {
        for (const early of [false, true]) {
          const rig = Rig.online();
          rig.timeout(rig.sendAndWait(M));
          const seq = rig.takeMessages()[0]?.seq ?? 0;
          if (early) recallAndWait(rig, seq);
          rig.lose();
          if (!early)
            expect(recall(rig, seq)).toEqual({ ok: true, status: "sent", display: "pending" });
          over(rig);
          rig.now += 1_000;
          expect(rig.queue(M)).toMatchObject({ status: "sent", seq });
          rig.connect({ attach: [1], lastSeq: seq });
          const frames = rig.take();
          expect(recallsIn(frames)).toHaveLength(1);
          const asked = frames.flatMap((frame) =>
            frame.kind === "deliver" ? frame.value.messages : [],
          );
          expect(asked).toMatchObject([{ seq, remainingMs: 0, data: new Uint8Array() }]);
          rig.ack(1, 2, seq, drops ? [seq] : []);
          if (!drops) answer(rig, seq, RECALLED);
          expect(rig.statusOf("m", seq)).toBe(end);
          rig.lose();
          over(rig);
          rig.now += 1_000;
          rig.connect({ attach: [1], lastSeq: seq });
          expect(recallsIn(rig.take())).toEqual([]);
          expect(rig.statusOf("m", seq)).toBe(end);
        }
      });
    }
  }

  test("X1 that a lost link did not bring is recalled once the device says so, without being asked", () => {
    const rig = Rig.online();
    rig.timeout(rig.sendAndWait(M));
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    rig.lose();
    recall(rig, seq);
    rig.connect({ attach: [1], lastSeq: seq - 2 });
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("m", seq)).toBe("recalled");
  });

  test("X2 that the app has is taken off the display, at once or with the next link, over kills", () => {
    const rig = Rig.online();
    rig.sendAndWait(M);
    const [message] = rig.takeAndAck();
    const seq = message?.seq ?? 0;
    rig.now += 60_000;
    const token = recallAndWait(rig, seq);
    expect(rig.rows(() => answer(rig, seq, RECALLED, 60_000))).toBe(0);
    expect(rig.answers.get(token)).toEqual({
      ...{ ok: true, status: "delivered", display: "removed" },
      deliveredAt: rig.now - 60_000,
    });
    const late = recallAndWait(rig, seq);
    expect(rig.rows(() => rig.lose())).toBe(2);
    expect(rig.answers.get(late)).toEqual({ ok: true, status: "delivered", display: "pending" });
    rig.restart();
    rig.connect({ attach: [1], lastSeq: seq });
    expect(recallsIn(rig.take())).toHaveLength(1);
    answer(rig, seq, UNKNOWN);
    const gone = recallAndWait(rig, seq);
    answer(rig, seq, UNKNOWN);
    expect(rig.answers.get(gone)).toEqual({ ok: true, status: "delivered", display: "unknown" });
    rig.lose();
    rig.connect({ attach: [1], lastSeq: seq });
    expect(recallsIn(rig.take())).toEqual([]);
  });

  test("X2 whose device does not answer is pending after the wait, and the device is told again", () => {
    const rig = Rig.online();
    rig.sendAndWait(M);
    const seq = rig.takeAndAck()[0]?.seq ?? 0;
    const token = recallAndWait(rig, seq);
    expect(rig.rows(() => rig.timeout(token))).toBe(1);
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered", display: "pending" });
    expect(recall(rig, seq, 0)).toMatchObject({ display: "pending" });
    rig.hibernate();
    rig.take();
    expect(rig.rows(() => answer(rig, seq, RECALLED))).toBe(1);
    rig.lose();
    rig.connect({ attach: [1], lastSeq: seq });
    expect(recallsIn(rig.take())).toEqual([]);
  });

  test("X1 says how it ended if it has ended otherwise, and what is not known is not found", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ ...M, ttlSeconds: 60 });
    rig.now += 60_000;
    expect(recall(rig, seq)).toEqual({ ok: true, status: "expired" });
    expect(recall(rig, seq + 4096 * 3_600_000)).toMatchObject({ code: "message_not_found" });
    const foreign = { app: "z", generation: 1, seq, key: keyOf("m"), waitMs: 0 };
    expect(rig.run((context) => rig.device.recall(foreign, context))).toMatchObject({ ok: false });
    const other = rig.queue({ key: "o" });
    rig.connect();
    rig.command({ kind: "unregister", value: { request: 2, slot: 1 } });
    expect(recall(rig, other.seq, 0, "o")).toEqual({ ok: true, status: "unregistered" });
  });

  test("X1 with ttl 0 is not shown once it answered recalled, and its sender hears so", () => {
    const rig = Rig.online();
    const sender = rig.sendAndWait({ ...M, ttlSeconds: 0 });
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    const token = recallAndWait(rig, seq);
    rig.ack(1, 2, 0, [seq]);
    expect(rig.answers.get(token)).toEqual({ ok: true, status: "recalled" });
    expect(rig.answers.get(sender)).toMatchObject({ status: "recalled" });
    rig.hibernate();
    expect(rig.statusOf("m", seq)).toBe("recalled");
  });

  test("X2 F1 takes its place in the timeline, after the delivery or instead of it", () => {
    const rig = Rig.online();
    rig.sendAndWait({ ...M, options: { trace: true } });
    const seq = rig.takeAndAck()[0]?.seq ?? 0;
    const deliveredAt = rig.now;
    rig.now += 50;
    const token = recallAndWait(rig, seq);
    answer(rig, seq, RECALLED, 1);
    expect(rig.answers.get(token)).toMatchObject({ display: "removed", deliveredAt });
    const told = rig.status("m", seq);
    expect(told.ok && told.events?.map(({ event }) => event)).toEqual([
      ...["accepted", "sent", "delivered", "recalled"],
    ]);
  });

  test("X3 128 recalls wait for a device; the oldest makes room", () => {
    const rig = Rig.online();
    const seqs: number[] = [];
    for (let n = 0; n <= LIMITS.RECALLS; n++) {
      rig.sendAndWait({ key: `k${n}` });
      seqs.push(rig.takeAndAck()[0]?.seq ?? 0);
    }
    rig.lose();
    seqs.forEach((seq, n) => {
      recall(rig, seq, 0, `k${n}`);
    });
    rig.connect({ attach: [1] });
    const keys = recallsIn(rig.take()).map(({ seq }) => seq);
    expect(keys).toEqual(seqs.slice(1));
    rig.lose();
    rig.now += LIMITS.RECALL_MS;
    rig.connect({ attach: [1] });
    expect(recallsIn(rig.take())).toEqual([]);
  });
});
