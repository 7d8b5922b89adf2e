/** What sealed frames cost besides the time to seal them: nothing. */
import { describe, expect, test } from "vitest";
import { ackBroadcasts, broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { Rig } from "../support/rig.ts";
import { SealedRig } from "./rig.ts";

/** Everything that a device does in a day: rows and calls, and how often the socket's attachment is written. */
function dayOf(rig: Rig) {
  const { take } = rig;
  rig.answerCalls();
  let attached = 0;
  let attachment = rig.attachment;
  const look = () => {
    if (rig.attachment !== attachment) attached++;
    attachment = rig.attachment;
  };
  const before = { ...rig.store.written };
  for (let n = 0; n < 20; n++) {
    rig.now += 700;
    rig.sendAndWait({ key: `s${n}` });
    look();
    rig.takeAndAck();
    look();
  }
  rig.now += 30_000;
  rig.hibernate();
  rig.sendAndWait({ key: "woken" });
  look();
  rig.takeAndAck();
  look();
  rig.lose();
  for (let n = 0; n < 20; n++) rig.queue({ key: `q${n}` });
  rig.now += 60_000;
  if (rig instanceof SealedRig) rig.link([1]);
  else rig.connect({ attach: [1] });
  const calls = rig.answerCalls().length;
  rig.takeAndAck();
  expect(take).toBe(rig.take);
  const written = Object.entries(rig.store.written).map(([table, rows]) => [
    table,
    rows - (before[table as keyof typeof before] ?? 0),
  ]);
  return { calls, attached, written: Object.fromEntries(written) };
}

describe("a registration with a key", () => {
  test("S29 costs no row, no call and no write of the attachment more than one without", () => {
    const plain = dayOf(Rig.online());
    expect(dayOf(SealedRig.sealed())).toEqual(plain);
    expect(plain.calls).toBeGreaterThan(0);
    expect(plain.written["mail"]).toBe(40);
  });

  test("S29 a broadcast to it costs no row, and a wake for another app opens no key", () => {
    const rig = SealedRig.sealed();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    rig.say({ kind: "subscribe", value: { request: 2, slot: 1, add: ["x"], remove: [] } });
    expect(
      rig.rows(() => {
        deliver(rig, [entry(1)]);
        ackBroadcasts(rig, broadcastsIn(rig.take()));
      }),
    ).toBe(0);
    expect(rig.dropped).toEqual([]);
    rig.now += 20_000;
    rig.hibernate();
    rig.opened = 0;
    rig.sendAndWait({ app: "b" });
    rig.takeSealed();
    expect(rig.opened).toBe(0);
    rig.sendAndWait({ app: "a" });
    expect(rig.opened).toBe(2);
    rig.sendAndWait({ app: "a" });
    expect(rig.opened).toBe(2);
  });
});
