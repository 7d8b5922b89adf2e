import { describe, expect, test } from "vitest";
import { HybridClock, isNowOrNever, seqTimeMs } from "../../../../core/message/clock.ts";
import { Rig, START_MS } from "../support/rig.ts";

const HOUR_MS = 3_600_000;
const JUMPS = [
  ["back", -HOUR_MS],
  ["forth", HOUR_MS / 2],
] as const;

describe.each(JUMPS)("P1.6 a clock that jumps %s", (_, jump) => {
  test("P1.6 keeps numbers rising on one socket", () => {
    const rig = Rig.online();
    rig.send();
    rig.now += jump;
    rig.send();
    const [first, second] = rig.takeMessages();
    expect(second?.seq).toBeGreaterThan(first?.seq ?? Number.POSITIVE_INFINITY);
  });

  test("P1.6 keeps numbers rising on one socket across hibernation, with and without rows", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait();
    const seqs = rig.takeAndAck().map(({ seq }) => seq);
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    for (let i = 0; i < 3; i++) {
      rig.now += jump;
      rig.hibernate();
      rig.queue();
      seqs.push(...rig.takeMessages().map(({ seq }) => seq));
    }
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(4);
  });

  test("P1.6 loses no waiting message across a restart, and gives no number twice", () => {
    const rig = Rig.offline();
    const before = rig.queue({ key: "before", ttlSeconds: 10 * 3_600 });
    rig.now += jump;
    rig.restart();
    const after = rig.queue({ key: "after" });
    expect(after.seq).toBeGreaterThan(before.seq);
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck().map(({ seq }) => seq)).toEqual([before.seq, after.seq]);
    expect(rig.statusOf("before", before.seq)).toBe("delivered");
  });

  test("P1.6 takes nothing from a new message that has a number below one the device saw", () => {
    const rig = Rig.online();
    rig.send();
    const seen = rig.takeAndAck()[0]?.seq ?? 0;
    // Killed: no row tells how far the numbers had come.
    rig.now += jump;
    rig.restart();
    rig.queue({ key: "new" });
    rig.connect({ lastSeq: seen, attach: [1] });
    rig.ack(1, 2, 0);
    const [message] = rig.takeMessages();
    expect(message).toMatchObject({ replay: true });
    rig.ack(1, 2, message?.seq ?? 0);
    expect(rig.store.mail.size).toBe(0);
  });

  test("P1.6 leaves the answer of a delivered message what it was, also after a restart", () => {
    const rig = Rig.registered();
    rig.now += jump;
    rig.restart();
    rig.connect({ attach: [1] });
    const token = rig.sendAndWait({ key: "m" });
    const seq = rig.takeAndAck()[0]?.seq ?? 0;
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    rig.lose();
    rig.restart();
    expect(rig.statusOf("m", seq)).toBe("delivered");
  });

  test.each(["the wait is over", "the link is lost"])(
    "P1.6 P4.3 stores no ttl 0 message when then %s",
    (end) => {
      const rig = Rig.online();
      const token = rig.sendAndWait({ key: "now", ttlSeconds: 0 });
      const [message] = rig.takeMessages();
      rig.now += jump;
      if (end === "the link is lost") rig.lose();
      else rig.timeout(token);
      expect(rig.answers.get(token)).toEqual({ ok: true, status: "sent", seq: message?.seq });
      expect(rig.store.mail.size).toBe(0);
    },
  );

  test("P1.6 tells the device how long a message lasts, whatever its clock or the mesh's says", () => {
    const rig = Rig.online();
    rig.send({ ttlSeconds: 2_000 });
    expect(rig.takeMessages()[0]?.remainingMs).toBe(2_000_000);
    rig.lose();
    rig.now += 1_000_000;
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()[0]?.remainingMs).toBe(1_000_000);
  });

  test("P1.6 P3.1 what was withdrawn because its time was over does not come back with the clock", () => {
    const rig = Rig.online();
    const { seq } = rig.queue({ key: "m", ttlSeconds: 1 });
    rig.now += 1_000;
    rig.alarm();
    rig.now -= 3_600_000;
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("m", seq)).toBe("expired");
  });

  test("P1.6 does not unsettle a sender that waits", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ ttlSeconds: 2_000 });
    rig.now += jump;
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  });
});

describe("hybrid clock", () => {
  test("P1.6 numbers of ttl 0 messages are odd, others even, and all rise within one millisecond", () => {
    const clock = new HybridClock();
    const seqs = [false, true, true, false, false, true].map((odd) => clock.next(START_MS, odd));
    expect(seqs.map(isNowOrNever)).toEqual([false, true, true, false, false, true]);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    expect(seqs.map(seqTimeMs)).toEqual(seqs.map(() => START_MS));
  });

  test("P1.6 what the device has seen lifts the numbers, but by a day at the most", () => {
    const rig = Rig.registered();
    rig.connect({ lastSeq: HybridClock.at(rig.now + HOUR_MS), attach: [1] });
    expect(rig.queue().seq).toBeGreaterThan(HybridClock.at(rig.now + HOUR_MS));
    rig.connect({ lastSeq: Number.MAX_SAFE_INTEGER, attach: [1] });
    expect(rig.queue().seq).toBeLessThan(HybridClock.at(rig.now + 25 * HOUR_MS));
  });
});
