/** Messages with a label: the list of the label learns of each. */
import { expect, test } from "vitest";
import { seqTimeMs } from "../../../../core/message/clock.ts";
import { parseMessageId } from "../../../../schema/text.ts";
import { Rig } from "../support/rig.ts";

const listedBy = (rig: Rig) => rig.webhooks[0]?.call.request.labelled;

test("F5 a message with a label is one call, one row written and one deleted, and has no receipt", () => {
  const rig = Rig.online();
  expect(rig.rows(() => rig.sendAndWait({ key: "m", options: { label: "l" } }))).toBe(1);
  const seq = rig.takeMessages()[0]?.seq ?? 0;
  expect(rig.rows(() => rig.ack(1, 2, seq))).toBe(0);
  const listed = listedBy(rig);
  expect(listed).toEqual([
    { label: "l", at: seqTimeMs(seq), id: expect.any(String), regId: expect.any(String) },
  ]);
  expect(parseMessageId(listed?.[0]?.id ?? "")).toMatchObject({ seq, regId: listed?.[0]?.regId });
  let events: ReturnType<typeof rig.webhookAnswered> = [];
  expect(rig.rows(() => (events = rig.webhookAnswered()))).toBe(1);
  expect(events).toEqual([]);
  expect(rig.device.lastingDeadline).toBeNull();
});

test("F5 a message without a label costs nothing for the list", () => {
  const rig = Rig.online();
  expect(rig.rows(() => rig.sendAndWait({ key: "m" }))).toBe(0);
  expect(rig.webhooks).toHaveLength(0);
});

test("F5 a call that was lost is made again after a kill, with the same name and messages", () => {
  const rig = Rig.offline();
  const row = rig.rows(() => rig.queue({ key: "m", options: { label: "l" } }));
  // The message, the alarm, and what the list is owed.
  expect(row).toBeLessThanOrEqual(3);
  const [first] = rig.webhooks;
  expect(first?.call.request.labelled).toHaveLength(1);
  rig.webhookAnswered(false);
  rig.restart();
  rig.alarm();
  expect(rig.webhooks[0]?.call).toEqual(first?.call);
  rig.webhookAnswered();
  expect(rig.store.receipts.size).toBe(0);
});

test("F5 with receipts, both go in one outbox", () => {
  const rig = Rig.online();
  rig.sendAndWait({ key: "m", options: { label: "l", receipts: true } });
  expect(listedBy(rig)).toHaveLength(1);
  rig.ack(1, 2, rig.takeMessages()[0]?.seq ?? 0);
  rig.webhookAnswered();
  expect(rig.webhooks[0]?.call.request).not.toHaveProperty("labelled");
  expect(rig.webhookAnswered()).toMatchObject([{ type: "delivered", label: "l" }]);
});
