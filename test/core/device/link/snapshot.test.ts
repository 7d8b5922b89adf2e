import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

describe("hibernation", () => {
  test("P1.4 a message is delivered with a sleep between every two steps", () => {
    const rig = new Rig();
    const steps = [
      () => rig.openAccount(),
      () => rig.connect(null),
      () => rig.hibernate(),
      () => rig.connect(),
      () => rig.register("a"),
      () => rig.queue({ key: "1" }),
      () => rig.command({ kind: "attach", value: { slot: 1 } }),
      () => rig.queue({ key: "2" }),
    ];
    for (const step of steps) {
      step();
      rig.hibernate();
    }
    const messages = rig.takeMessages();
    expect(messages).toHaveLength(2);
    for (const { seq } of messages) {
      rig.ack(1, 2, seq);
      rig.hibernate();
    }
    expect(rig.store.mail.size).toBe(0);
    expect(rig.take()).toEqual([]);
  });

  test("P1.4 what slept on the socket still counts in its window, and is not sent twice", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES + 1; i++) rig.queue();
    const sent = rig.takeMessages();
    rig.hibernate();
    rig.queue();
    expect(rig.takeMessages()).toEqual([]);
    rig.ack(1, 2, sent.at(-1)?.seq ?? 0);
    expect(rig.takeMessages()).toHaveLength(2);
  });

  test("P1.4 what waited behind messages that the sleep forgot goes out when they are acknowledged", () => {
    const rig = Rig.online();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.sendAndWait({ ttlSeconds: 0 });
    rig.queue({ key: "waits" });
    const forgotten = rig.takeMessages();
    rig.hibernate();
    rig.ack(1, 2, forgotten.at(-1)?.seq ?? 0);
    expect(rig.takeAndAck()).toHaveLength(1);
    expect(rig.store.mail.size).toBe(0);
  });

  test("P1.4 a ttl 0 message that was answered expired before the sleep does not come back", () => {
    const rig = Rig.online();
    rig.timeout(rig.sendAndWait({ ttlSeconds: 0 }));
    rig.take();
    rig.hibernate();
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
  });

  test("P6.1 a message that leaves nothing behind rewrites the attachment once, when it is acknowledged", () => {
    const rig = Rig.online();
    rig.send();
    rig.takeAndAck();
    const before = rig.attachment;
    rig.send();
    expect(rig.attachment).toBe(before);
    rig.takeAndAck();
    expect(rig.attachment?.recent).toHaveLength(1 + 2 * 28);
    expect({ ...rig.attachment, recent: before?.recent }).toEqual(before);
  });

  test("P8.1 a snapshot at the limits is under 6 KB", () => {
    const rig = Rig.online();
    for (let n = 0; n <= LIMITS.RECENT_KEYS; n++) {
      rig.send();
      rig.takeAndAck();
    }
    for (let i = 1; i < LIMITS.REGISTRATIONS; i++) rig.register(`x${i}`);
    rig.now += 60_000;
    rig.command({ kind: "detach", value: { slot: 1 } });
    for (const { slot, app } of rig.store.listRegistrations()) {
      rig.command({ kind: "attach", value: { slot } });
      for (const lane of [1, 2, 3] as const) rig.queue({ app, lane });
    }
    expect(rig.attachment?.attached).toHaveLength(LIMITS.REGISTRATIONS);
    expect(serialize(rig.attachment).length).toBeLessThan(6_144);
    expect(rig.attachment?.recent).toHaveLength(1 + 28 * LIMITS.RECENT_KEYS);
  });
});
