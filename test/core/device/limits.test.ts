import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig } from "./support/rig.ts";

describe("bounds of the device", () => {
  test("P8.1 a device has at most 32 registrations; ended ones do not count", () => {
    const rig = Rig.registered();
    for (let i = 1; i < LIMITS.REGISTRATIONS; i++) rig.register(`x${i}`);
    rig.take();
    rig.now += 10_000;
    const another = { kind: "register", value: { request: 5, appId: "app-more" } } as const;
    rig.command(another);
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "too_many_registrations", request: 5 } },
    ]);
    rig.command({ kind: "unregister", value: { request: 1, slot: 2 } });
    rig.take();
    rig.command(another);
    expect(rig.take()).toMatchObject([{ kind: "registered" }]);
  });

  test("P8.1 the mesh remembers 64 registrations at the most, however many came and went", () => {
    const rig = Rig.registered();
    for (let i = 0; i < 200; i++) {
      rig.now += 100;
      const slot = rig.register(`x${i}`);
      rig.command({ kind: "unregister", value: { request: 1, slot } });
    }
    expect(rig.store.registrations.size).toBe(2 * LIMITS.REGISTRATIONS);
    expect(rig.store.registrations.get(1)).toMatchObject({ app: "a", endedAt: null });
  });

  test("P8.1 at most 128 messages of a registration are on the socket unacknowledged", () => {
    const rig = Rig.offline();
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES + 1; i++) rig.queue();
    rig.connect({ attach: [1] });
    const sent = rig.takeMessages();
    expect(sent).toHaveLength(LIMITS.INFLIGHT_MESSAGES);
    rig.ack(1, 2, sent[0]?.seq ?? 0);
    expect(rig.takeMessages()).toHaveLength(1);
  });

  test.each([LIMITS.DATA_BYTES, LIMITS.DATA_BYTES - 1, 3_000])(
    "P8.1 at most 262,144 bytes of a registration are on the socket unacknowledged: messages of %i",
    (size) => {
      for (const rig of [Rig.offline(), Rig.online()]) {
        const data = new Uint8Array(size);
        for (let i = 0; i < 100; i++) rig.queue({ data });
        if (rig.device.session === null) rig.connect({ attach: [1] });
        const bytes = rig.takeMessages().reduce((sum, message) => sum + message.data.length, 0);
        expect(bytes).toBeLessThanOrEqual(LIMITS.INFLIGHT_BYTES);
        expect(bytes).toBeGreaterThan(LIMITS.INFLIGHT_BYTES - 2 * LIMITS.DATA_BYTES);
      }
    },
  );

  test("P8.1 one registration's window takes nothing from another's", () => {
    const rig = Rig.online();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    for (let i = 0; i < LIMITS.INFLIGHT_MESSAGES; i++) rig.sendAndWait();
    rig.take();
    rig.sendAndWait({ app: "b" });
    expect(rig.takeMessages()).toHaveLength(1);
  });

  test("P8.1 a Deliver frame holds at most 64 messages and 32,768 bytes, and fits a WebSocket message", () => {
    const deliveries = (rig: Rig) =>
      rig.take().flatMap((frame) => (frame.kind === "deliver" ? [frame.value.messages] : []));
    const many = Rig.offline();
    for (let i = 0; i < LIMITS.DELIVER_MESSAGES + 1; i++) many.queue();
    many.connect({ attach: [1] });
    expect(deliveries(many).map((messages) => messages.length)).toEqual([64, 1]);
    const big = Rig.offline();
    for (let i = 0; i < 9; i++) big.queue({ data: new Uint8Array(LIMITS.DATA_BYTES) });
    big.connect({ attach: [1] });
    expect(deliveries(big).map((messages) => messages.length)).toEqual([8, 1]);
  });

  test("P8.1 a mailbox grows past its bound by no more than a window, whatever breaks", () => {
    const rig = Rig.online();
    const bound = LIMITS.MAILBOX_MESSAGES + LIMITS.INFLIGHT_MESSAGES;
    for (let round = 0; round < 3; round++) {
      // More than that many, were all kept, and no more than one: each that makes room writes the whole log of endings.
      const room = bound - rig.store.mail.size;
      for (let i = 0; i < room + 1; i++) rig.send();
      rig.lose();
      // What was on the socket of an empty mailbox had no row before. A mailbox that is full again drops one for each newcomer.
      expect(rig.store.mail.size).toBe(round === 0 ? bound : LIMITS.MAILBOX_MESSAGES);
      rig.connect({ attach: [1] });
      for (const message of rig.takeMessages()) rig.ack(1, 2, message.seq);
    }
  });

  test("P8.1 1,152 endings of a registration are remembered; of older ones nothing wrong is said", () => {
    const rig = Rig.offline();
    const sent = Array.from({ length: LIMITS.OUTCOMES + 2 }, (_, i) => ({
      key: `${i}`,
      seq: rig.queue({ key: `${i}`, collapseKey: "c" }).seq,
    }));
    rig.restart();
    const says = (i: number) => rig.statusOf(sent[i]?.key ?? "", sent[i]?.seq ?? 0);
    expect(says(0)).toBe("message_not_found");
    expect(says(1)).toBe("collapsed");
    expect(says(LIMITS.OUTCOMES)).toBe("collapsed");
    expect(says(LIMITS.OUTCOMES + 1)).toBe("queued");
  });

  test("P8.1 256 delivered messages are remembered in memory to answer a retry", () => {
    const rig = Rig.online();
    for (let i = 0; i <= LIMITS.RECENT; i++) {
      rig.send({ key: `${i}` });
      rig.takeAndAck();
    }
    expect(rig.send({ key: "1" })).toMatchObject({ status: "delivered" });
    expect(rig.send({ key: "0" })).toBeTypeOf("number");
  });

  test("P8.1 a socket that holds 1 MiB unsent still gets messages; one byte more and it is cut", () => {
    const rig = Rig.online();
    rig.buffered = LIMITS.SOCKET_BUFFER_BYTES;
    rig.send();
    expect(rig.takeMessages()).toHaveLength(1);
    rig.buffered++;
    rig.send();
    expect(rig.closes).toMatchObject([{ code: "slow_consumer" }]);
  });

  test("P8.1 a message that was never issued is not called delivered", () => {
    const rig = Rig.online();
    expect(rig.statusOf("x", 4_096)).toBe("message_not_found");
    expect(rig.statusOf("x", Number.MAX_SAFE_INTEGER - 1)).toBe("message_not_found");
  });
});
