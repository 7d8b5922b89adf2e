import { describe, expect, test } from "vitest";
import { Rig } from "./support/rig.ts";

describe("rows written", () => {
  test("P6.1 a message that is acknowledged in time writes no row", () => {
    const rig = Rig.online();
    const rows = rig.rows(() => {
      for (let i = 0; i < 20; i++) {
        rig.sendAndWait();
        rig.takeAndAck();
      }
    });
    expect(rows).toBe(0);
    expect(rig.device.deadline).toBeNull();
  });

  test.each([
    ["offline", () => Rig.offline()],
    ["online and silent", () => Rig.online()],
  ] as const)("P6.2 a message that is queued and delivered writes 2 rows: %s", (_, make) => {
    const rig = make();
    const mail = () => rig.store.written.mail;
    const before = mail();
    for (let i = 0; i < 10; i++) rig.queue();
    expect(mail() - before).toBe(10);
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    expect(mail() - before).toBe(20);
    expect(rig.store.written.outcomes).toBe(0);
  });

  test("P6.2 a message whose sender gave up and whose link is lost writes 2 rows", () => {
    const rig = Rig.online();
    const before = rig.store.written.mail;
    rig.timeout(rig.sendAndWait());
    rig.lose();
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    expect(rig.store.written.mail - before).toBe(2);
  });

  test("P6.2 a batch that ends without delivery writes 1 row more, however many", () => {
    const rig = Rig.offline();
    for (let i = 0; i < 50; i++) rig.queue({ ttlSeconds: 10 });
    rig.now += 10_000;
    expect(rig.rows(() => rig.alarm())).toBe(51);
  });

  test("P6.2 a message that expired while its sender waited is recorded once", () => {
    const rig = Rig.online();
    const rows = rig.rows(() => {
      const token = rig.sendAndWait({ ttlSeconds: 1 });
      rig.now += 5_000;
      expect(rig.firstTimeout(token)).toBeUndefined();
      const seq = rig.takeMessages()[0]?.seq ?? 0;
      rig.ack(1, 2, seq, [seq]);
      expect(rig.answers.get(token)).toMatchObject({ status: "expired" });
      rig.command({ kind: "detach", value: { slot: 1 } });
    });
    expect(rows).toBe(1);
  });

  test("P6.4 a connect and its disconnect together write 2 rows", () => {
    const rig = Rig.offline();
    const rows = rig.rows(() => {
      rig.connect({ attach: [1] });
      rig.command({ kind: "attach", value: { slot: 1 } });
      rig.lose();
    });
    expect(rows).toBe(2);
  });

  test("P6.4 a link that takes over from another writes 1 row", () => {
    const rig = Rig.online();
    expect(rig.rows(() => rig.connect({ attach: [1] }))).toBe(1);
  });
});
