import { describe, expect, test } from "vitest";
import type { Message } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { passTo, recall } from "../support/acts.ts";
import { Rig, type SendFields, START_MS } from "../support/rig.ts";

const MINUTE_MS = 60_000;
const AT = START_MS + 10 * MINUTE_MS;
const text = new TextDecoder();
const dataOf = (messages: readonly Message[]) => messages.map(({ data }) => text.decode(data));

/** Sends a message that is held. */
function schedule(rig: Rig, key: string, at: number, fields: SendFields = {}) {
  const answer = rig.send({ key, hold: { at }, ...fields });
  if (typeof answer === "number" || !answer.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

function times(count: number, act: () => void): void {
  for (let n = 0; n < count; n++) act();
}

describe("a scheduled message", () => {
  test("J1 is stored and answered at once, and sent at its time, not before", () => {
    const rig = Rig.online();
    const sent = schedule(rig, "later", AT);
    expect(sent).toMatchObject({ status: "queued", heldUntil: AT });
    expect(rig.device.lastingDeadline).toBe(AT);
    passTo(rig, AT - 1);
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.status("later", sent.seq)).toEqual({ ok: true, status: "queued", heldUntil: AT });
    passTo(rig, AT);
    const [message] = rig.takeMessages();
    expect(message).toMatchObject({ idSeq: sent.seq, remainingMs: 3_600_000 });
    expect(rig.status("later", sent.seq)).toEqual({ ok: true, status: "queued" });
    rig.ack(1, 2, message?.seq ?? 0);
    expect(rig.statusOf("later", sent.seq)).toBe("delivered");
  });

  test("J1 of the past is sent now, as any other", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "now", hold: { at: rig.now } });
    expect(rig.store.mail.size).toBe(0);
    expect(dataOf(rig.takeAndAck())).toEqual(["now"]);
  });

  test.each([
    ["awake", (_rig: Rig) => undefined],
    ["after a kill", (rig: Rig) => rig.restart()],
    ["after a kill, while the mesh was down at its time", (rig: Rig) => rig.restart()],
  ])("J1 waits for its device, and is sent when that comes: %s", (name, over) => {
    const rig = Rig.offline();
    const sent = schedule(rig, "later", AT);
    if (name.includes("down")) rig.now = AT + 5 * MINUTE_MS;
    over(rig);
    // The stored alarm is due.
    rig.now = Math.max(rig.now, AT);
    rig.alarm();
    over(rig);
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toMatchObject([{ idSeq: sent.seq }]);
    expect(rig.store.mail.size).toBe(0);
    expect(rig.statusOf("later", sent.seq)).toBe("delivered");
  });

  test("J1 is sent while the object that hibernated between wakes for it", () => {
    const rig = Rig.online();
    schedule(rig, "later", AT);
    rig.hibernate();
    passTo(rig, AT);
    rig.hibernate();
    const [message] = rig.takeMessages();
    rig.ack(1, 2, message?.seq ?? 0);
    expect(rig.store.mail.size).toBe(0);
  });

  test("J2 costs three rows: stored, released, delivered", () => {
    const rig = Rig.online();
    expect(rig.rows(() => schedule(rig, "later", AT))).toBe(1);
    expect(rig.rows(() => passTo(rig, AT))).toBe(1);
    expect(rig.rows(() => rig.takeAndAck())).toBe(1);
    // What is not scheduled costs what it did.
    const others = () => {
      rig.sendAndWait();
      rig.takeAndAck();
    };
    expect(rig.rows(others)).toBe(0);
  });

  test("J3 P3.1 takes its place in its lane by the time of its release", () => {
    const rig = Rig.offline();
    rig.queue({ data: "before" });
    schedule(rig, "c", AT + 2, { data: "held until later" });
    schedule(rig, "a", AT, { data: "held until then 1" });
    schedule(rig, "b", AT, { data: "held until then 2" });
    rig.queue({ data: "meanwhile" });
    // The alarm is late: what is accepted after the time of release comes after it all the same.
    rig.now = AT + 1;
    rig.queue({ data: "after" });
    rig.now = AT + 2;
    rig.connect({ attach: [1] });
    expect(dataOf(rig.takeAndAck())).toEqual([
      ...["before", "meanwhile", "held until then 1", "held until then 2"],
      ...["after", "held until later"],
    ]);
  });

  test("J3 P3.1 numbers rise in its lane, whatever was sent while it was held", () => {
    const rig = Rig.online();
    schedule(rig, "later", AT);
    const seqs: number[] = [];
    for (let i = 0; i < 3; i++) {
      rig.now += MINUTE_MS;
      rig.sendAndWait();
      seqs.push(...rig.takeMessages().map(({ seq }) => seq));
    }
    passTo(rig, AT);
    seqs.push(...rig.takeMessages().map(({ seq }) => seq));
    expect(seqs).toHaveLength(4);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    rig.ack(1, 2, seqs.at(-1) ?? 0);
    expect(rig.store.mail.size).toBe(0);
  });

  test("J3 does not hold up broadcasts or other messages", () => {
    const rig = Rig.online();
    schedule(rig, "later", AT);
    const token = rig.sendAndWait({ key: "now" });
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  });

  test("J4 P2.2 a repeat gets the same answer: while it waits, and when it was sent", () => {
    const rig = Rig.online();
    const fields = { fingerprint: 1 };
    const first = schedule(rig, "later", AT, fields);
    expect(schedule(rig, "later", AT, fields)).toEqual(first);
    expect(rig.send({ key: "later", fingerprint: 2 })).toMatchObject({
      code: "idempotency_key_reused",
    });
    rig.restart();
    expect(schedule(rig, "later", AT, fields)).toEqual(first);
    expect(rig.store.mail.size).toBe(1);
    passTo(rig, AT);
    const queued = { ok: true, status: "queued", seq: first.seq };
    expect(rig.send({ key: "later", hold: { at: AT }, waitMs: 0, ...fields })).toEqual(queued);
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    expect(rig.send({ key: "later", hold: { at: AT }, ...fields })).toEqual({
      ...queued,
      status: "delivered",
    });
  });

  test("J5 its ttl counts from its time, also of ttl 0", () => {
    const rig = Rig.offline();
    const short = schedule(rig, "short", AT, { ttlSeconds: 1 });
    const never = schedule(rig, "never", AT, { ttlSeconds: 0 });
    passTo(rig, AT);
    expect(rig.statusOf("short", short.seq)).toBe("queued");
    expect(rig.statusOf("never", never.seq)).toBe("queued");
    rig.now = AT + 1_000;
    expect(rig.statusOf("short", short.seq)).toBe("expired");
    rig.now = AT + LIMITS.ACK_WAIT_DEFAULT_MS;
    expect(rig.statusOf("never", never.seq)).toBe("expired");
    passTo(rig, AT + MINUTE_MS);
    expect(rig.store.mail.size).toBe(0);
    rig.restart();
    expect(rig.statusOf("never", never.seq)).toBe("expired");
  });

  test("J5 P1.1 one whose whole ttl passed while the mesh was down ends as expired", () => {
    const rig = Rig.offline();
    const sent = schedule(rig, "later", AT, { ttlSeconds: 60 });
    rig.now = AT + 2 * MINUTE_MS;
    rig.restart();
    rig.alarm();
    expect(rig.statusOf("later", sent.seq)).toBe("expired");
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
  });

  test("J6 P4.6 of a collapse key it replaces what waits at its time, and is not replaced before", () => {
    const rig = Rig.offline();
    const collapseKey = "x";
    const later = schedule(rig, "later", AT, { collapseKey });
    const latest = schedule(rig, "latest", AT + 1, { collapseKey });
    const now = rig.queue({ key: "now", collapseKey });
    expect(rig.statusOf("later", later.seq)).toBe("queued");
    passTo(rig, AT);
    expect(rig.statusOf("now", now.seq)).toBe("collapsed");
    passTo(rig, AT + 1);
    expect(rig.statusOf("later", later.seq)).toBe("collapsed");
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toMatchObject([{ idSeq: latest.seq, collapseKey }]);
  });

  test("J6 P4.6 one that a device may have does not count as newer while it is held", () => {
    const rig = Rig.online();
    const collapseKey = "x";
    rig.queue({ key: "sent", collapseKey });
    schedule(rig, "later", AT, { collapseKey });
    rig.lose();
    rig.connect({ attach: [1], lastSeq: 0 });
    const [message] = rig.takeMessages();
    expect(message?.remainingMs).toBeGreaterThan(0);
  });

  test.each([
    ["recalled", (rig: Rig, seq: number) => recall(rig, seq, { key: "later" })],
    ["overflowed", (rig: Rig) => times(LIMITS.MAILBOX_MESSAGES - 1, () => rig.queue())],
  ])("J6 P1.1 one that is %s while it is held leaves alone what waits", (status, end) => {
    const rig = Rig.offline();
    const collapseKey = "x";
    const now = rig.queue({ key: "now", collapseKey, lane: 1 });
    const later = schedule(rig, "later", AT, { collapseKey, lane: 3 });
    end(rig, later.seq);
    expect(rig.statusOf("later", later.seq)).toBe(status);
    expect(rig.statusOf("now", now.seq)).toBe("queued");
    rig.connect({ attach: [1] });
    expect(dataOf(rig.takeAndAck())).toContain("now");
  });

  test("J7 P4.7 counts in the mailbox, and is dropped as the oldest of its priority", () => {
    const rig = Rig.offline();
    const first = schedule(rig, "later", AT);
    for (let i = 1; i < LIMITS.MAILBOX_MESSAGES; i++) rig.queue();
    expect(rig.send({ onOverflow: "reject", waitMs: 0 })).toMatchObject({ code: "mailbox_full" });
    expect(rig.statusOf("later", first.seq)).toBe("queued");
    rig.queue();
    expect(rig.statusOf("later", first.seq)).toBe("overflowed");
    expect(rig.device.lastingDeadline).not.toBeNull();
    passTo(rig, AT);
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(LIMITS.MAILBOX_MESSAGES);
  });

  test("J8 P4.8 ends with its registration", () => {
    const rig = Rig.online();
    const sent = schedule(rig, "later", AT);
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    expect(rig.statusOf("later", sent.seq)).toBe("unregistered");
    expect(rig.store.mail.size).toBe(0);
    rig.restart();
    expect(rig.statusOf("later", sent.seq)).toBe("unregistered");
  });

  test("J9 P1.6 a clock that is set back holds it until it has caught up; one set forward releases it", () => {
    const rig = Rig.online();
    schedule(rig, "later", AT);
    rig.now -= 60 * MINUTE_MS;
    rig.alarm();
    rig.sendAndWait({ key: "now" });
    expect(dataOf(rig.takeAndAck())).toEqual(["now"]);
    rig.now = AT + 30 * MINUTE_MS;
    rig.alarm();
    expect(dataOf(rig.takeAndAck())).toEqual(["later"]);
  });

  test("J10 P4.5 the device is asked about it by its number on the link, and its status keeps the ID", () => {
    const rig = Rig.online();
    const sent = schedule(rig, "later", AT, { ttlSeconds: 60 });
    passTo(rig, AT);
    const [message] = rig.takeMessages();
    rig.lose();
    rig.now = AT + 2 * MINUTE_MS;
    rig.alarm();
    expect(rig.statusOf("later", sent.seq)).toBe("sent");
    rig.restart();
    expect(rig.statusOf("later", sent.seq)).toBe("sent");
    rig.connect({ attach: [1], lastSeq: message?.seq ?? 0 });
    const [query] = rig.takeMessages();
    expect(query).toMatchObject({ seq: message?.seq, remainingMs: 0 });
    rig.ack(1, 2, query?.seq ?? 0);
    expect(rig.statusOf("later", sent.seq)).toBe("delivered");
    rig.restart();
    expect(rig.statusOf("later", sent.seq)).toBe("delivered");
  });
});
