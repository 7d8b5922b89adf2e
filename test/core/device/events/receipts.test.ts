/** Receipts: how messages end is told to webhooks, whatever happens meanwhile. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig, type SendFields } from "../support/rig.ts";

const TOLD: SendFields = { key: "m", options: { receipts: true } };

describe("the receipt of a message", () => {
  test("Q10 Q11 of one that is acknowledged at once is one call, one row written and one deleted", () => {
    const rig = Rig.online();
    rig.sendAndWait(TOLD);
    const seq = rig.takeMessages()[0]?.seq ?? 0;
    expect(rig.rows(() => rig.ack(1, 2, seq))).toBe(1);
    expect(rig.webhooks).toHaveLength(1);
    let events: ReturnType<typeof rig.webhookAnswered> = [];
    expect(rig.rows(() => (events = rig.webhookAnswered()))).toBe(1);
    expect(events).toMatchObject([
      { id: expect.stringMatching(/^evt_/), type: "delivered", at: rig.now },
    ]);
    expect(rig.store.receipts.size).toBe(0);
    expect(rig.device.lastingDeadline).toBeNull();
  });

  test("Q11 what happens while a call is under way goes in one more call", () => {
    const rig = Rig.online();
    const acknowledge = (key: string) => {
      rig.sendAndWait({ ...TOLD, key });
      rig.ack(1, 2, rig.takeMessages()[0]?.seq ?? 0);
    };
    for (const key of ["a", "b", "c", "d"]) acknowledge(key);
    expect(rig.webhooks).toHaveLength(1);
    expect(rig.webhookAnswered()).toHaveLength(1);
    expect(rig.webhookAnswered()).toHaveLength(3);
    expect(rig.webhooks).toHaveLength(0);
    expect(rig.store.written.receipts).toBe(4 + 2);
  });

  test("Q10 a call that fails is made again by the alarm, with the same name and events, across kills", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ ...TOLD, ttlSeconds: 60 });
    rig.now += 61_000;
    rig.alarm();
    const [first] = rig.webhooks;
    expect(rig.webhookAnswered(false)).toMatchObject([{ type: "expired" }]);
    expect(rig.device.lastingDeadline).not.toBeNull();
    rig.now += 400_000;
    rig.alarm();
    expect(rig.webhooks[0]?.call).toEqual(first?.call);
    rig.restart();
    expect(rig.device.lastingDeadline).not.toBeNull();
    rig.alarm();
    expect(rig.webhooks[0]?.call).toEqual(first?.call);
    rig.webhookAnswered();
    expect(rig.store.receipts.size).toBe(0);
    expect(seq).toBeGreaterThan(0);
  });

  test("Q10 the alarm for a call stands as soon as its row does", () => {
    const rig = Rig.online();
    rig.sendAndWait(TOLD);
    rig.ack(1, 2, rig.takeMessages()[0]?.seq ?? 0);
    expect(rig.device.owes).toBe(true);
    expect(rig.device.lastingDeadline).toBe(rig.now + 30_000);
  });

  test("Q10 of those that end with their registration are told", () => {
    const rig = Rig.offline();
    rig.queue(TOLD);
    rig.connect({});
    rig.command({ kind: "unregister", value: { request: 2, slot: 1 } });
    expect(rig.webhookAnswered()).toMatchObject([{ type: "unregistered" }]);
  });

  test("Q11 costs nothing for a message without", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "m" });
    expect(rig.rows(() => rig.ack(1, 2, rig.takeMessages()[0]?.seq ?? 0))).toBe(0);
    expect(rig.webhooks).toHaveLength(0);
  });

  test("Q11 rows are bounded while the webhooks do not answer: the oldest go", () => {
    const rig = Rig.online();
    const size = LIMITS.RECEIPTS_CALL_BYTES * (LIMITS.RECEIPTS_ROWS + 3);
    for (let n = 0; n * 120 < size; n++) {
      rig.sendAndWait({ ...TOLD, key: `${n}` });
      rig.ack(1, 2, rig.takeMessages()[0]?.seq ?? 0);
    }
    expect(rig.store.receipts.size).toBe(LIMITS.RECEIPTS_ROWS);
  });
});
