import { describe, expect, test } from "vitest";
import type { Message } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig } from "./support/rig.ts";

const text = new TextDecoder();
const dataOf = (messages: readonly Message[]) => messages.map(({ data }) => text.decode(data));

describe("order", () => {
  test("P3.1 what is queued, in flight and sent live arrives in the order of acceptance", () => {
    const rig = Rig.offline();
    rig.queue({ data: "1 queued" });
    rig.queue({ data: "2 queued" });
    rig.connect({ attach: [1] });
    rig.send({ data: "3 live" });
    rig.queue({ data: "4 live, not waited for" });
    const before = rig.takeMessages();
    rig.ack(1, 2, before[0]?.seq ?? 0);
    rig.lose();
    rig.queue({ data: "5 queued again" });
    rig.connect({ attach: [1] });
    rig.send({ data: "6 live" });
    expect(dataOf(before.slice(0, 1).concat(rig.takeAndAck()))).toEqual([
      "1 queued",
      "2 queued",
      "3 live",
      "4 live, not waited for",
      "5 queued again",
      "6 live",
    ]);
  });

  test("P3.1 a message does not overtake one that waits for the window, and follows it when it opens", () => {
    const rig = Rig.online();
    const names = Array.from({ length: LIMITS.INFLIGHT_MESSAGES + 3 }, (_, i) => `m${i}`);
    const tokens = names.map((key) => rig.sendAndWait({ key }));
    expect(rig.store.mail.size).toBe(3);
    expect(dataOf(rig.takeAndAck())).toEqual(names);
    expect(tokens.every((token) => rig.answers.get(token)?.ok)).toBe(true);
    expect(rig.store.mail.size).toBe(0);
  });

  test("P3.1 holds across hibernation with some rows on the socket and some not", () => {
    const rig = Rig.online();
    const names = Array.from({ length: LIMITS.INFLIGHT_MESSAGES + 3 }, (_, i) => `m${i}`);
    for (const key of names) rig.queue({ key });
    const before = rig.takeMessages();
    rig.hibernate();
    rig.queue({ key: "last" });
    rig.ack(1, 2, before.at(-1)?.seq ?? 0);
    expect(dataOf([...before, ...rig.takeAndAck()])).toEqual([...names, "last"]);
  });

  test("P3.2 of what waits, high comes before normal before low", () => {
    const rig = Rig.offline();
    rig.queue({ lane: 3, data: "low 1" });
    rig.queue({ lane: 2, data: "normal 1" });
    rig.queue({ lane: 1, data: "high 1" });
    rig.queue({ lane: 3, data: "low 2" });
    rig.queue({ lane: 1, data: "high 2" });
    rig.connect({ attach: [1] });
    expect(dataOf(rig.takeAndAck())).toEqual(["high 1", "high 2", "normal 1", "low 1", "low 2"]);
  });

  test("P3.2 an acknowledgement lets a high message pass a thousand that wait", () => {
    const rig = Rig.offline();
    for (let i = 0; i < LIMITS.MAILBOX_MESSAGES - 1; i++) rig.queue({ lane: 3 });
    rig.connect({ attach: [1] });
    const first = rig.takeMessages();
    rig.queue({ lane: 1, data: "high" });
    rig.ack(1, 3, first[0]?.seq ?? 0);
    expect(dataOf(rig.takeMessages())).toEqual(["high"]);
  });
});
