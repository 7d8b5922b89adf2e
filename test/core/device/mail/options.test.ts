import { describe, expect, test } from "vitest";
import { contentBytes } from "../../../../core/message/options.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig, type SendFields } from "../support/rig.ts";

const notification = { title: "Anna", body: "Lunch?", badge: 3 };
const options = { label: "lunch" };
const fields: SendFields = { key: "m", data: "{}", notification, options };

/** What the mailbox keeps of the message. */
const kept = (rig: Rig) => ({
  headers: rig.store.listMail().map((header) => header.options),
  bodies: rig.store.listMail().map(({ seq }) => rig.store.readMail(seq)?.notification),
});

describe("what a message carries besides its data", () => {
  test("O1 reaches a device that is there, with the notification, and writes nothing but one row for its label", () => {
    const rig = Rig.online();
    const before = { ...rig.store.written };
    rig.sendAndWait({ ...fields, options: {} });
    expect(rig.takeAndAck()).toMatchObject([{ notification }]);
    expect(rig.store.written).toEqual(before);
    rig.sendAndWait({ ...fields, key: "n" });
    rig.takeAndAck();
    expect(rig.store.written).toEqual({ ...before, receipts: before.receipts + 1 });
  });

  test.each<[string, (rig: Rig) => void]>([
    ["is queued", () => {}],
    ["its object sleeps or is killed", (rig) => rig.restart()],
  ])("O1 is kept while it %s", (_, happen) => {
    const rig = Rig.offline();
    rig.queue(fields);
    happen(rig);
    expect(kept(rig)).toEqual({ headers: [options], bodies: [notification] });
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toMatchObject([{ notification }]);
  });

  test("O1 is kept if the acknowledgement does not come, or the link is lost", () => {
    for (const lose of [false, true]) {
      const rig = Rig.online();
      const token = rig.sendAndWait(fields);
      if (lose) rig.lose();
      else rig.timeout(token);
      expect(kept(rig)).toEqual({ headers: [options], bodies: [notification] });
    }
  });

  test("O1 is not there for a message without any", () => {
    const rig = Rig.offline();
    rig.queue();
    expect(kept(rig)).toEqual({ headers: [null], bodies: [undefined] });
  });

  test("P8.2 a notification counts against the bytes of a mailbox as data does, after a kill too", () => {
    const rig = Rig.offline();
    const large = { title: "x".repeat(LIMITS.DATA_BYTES / 2) };
    const data = "x".repeat(LIMITS.DATA_BYTES / 2 - 12);
    const bytes = contentBytes({ data: new TextEncoder().encode(data), notification: large });
    expect(bytes).toBe(LIMITS.DATA_BYTES);
    for (let n = 0; n < LIMITS.MAILBOX_BYTES / bytes; n++) rig.queue({ data, notification: large });
    rig.restart();
    const refused = rig.send({ data: "x", onOverflow: "reject", waitMs: 0 });
    expect(refused).toMatchObject({ ok: false, code: "mailbox_full" });
  });
});

describe("a message that is for online devices only", () => {
  const online: SendFields = { key: "m", onlineOnly: true };

  test("O3 ends as expired where its app does not listen, and writes nothing", () => {
    for (const rig of [Rig.offline(), Rig.registered()]) {
      let answer: { status: string; seq: number } | undefined;
      const rows = rig.rows(() => {
        answer = rig.queue(online);
      });
      expect(answer).toMatchObject({ status: "expired" });
      expect(rows).toBe(0);
      expect(rig.statusOf("m", answer?.seq ?? 0)).toBe("expired");
      rig.connect({ attach: [1] });
      expect(rig.takeAndAck()).toEqual([]);
      // A repeat is the same message, though the app listens now.
      expect(rig.queue(online)).toEqual(answer);
    }
  });

  test("O3 is one like others where it listens: it comes again on the next link, with its ttl", () => {
    const rig = Rig.online();
    rig.sendAndWait(online);
    expect(rig.takeMessages()).toMatchObject([{ remainingMs: 3_600_000 }]);
    rig.lose();
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(1);
  });

  test("O3 waits its turn behind others where it listens", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.queue();
    expect(rig.queue(online)).toMatchObject({ status: "queued" });
    expect(rig.takeAndAck()).toHaveLength(LIMITS.INFLIGHT_MESSAGES + 1);
  });
});
