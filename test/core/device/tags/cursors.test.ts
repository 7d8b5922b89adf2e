/** Cursors: how far a device has come in the log of a tag. */
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { ackBroadcasts, deliver, entry } from "../support/broadcasts.ts";
import { hello } from "../support/frames.ts";
import { inX, page, positions, reconnect, refOf, take } from "../support/in-tag.ts";

describe("cursors", () => {
  test("P6.4 connect and disconnect write 2 rows, with broadcasts between", () => {
    const rig = inX();
    rig.lose();
    const rows = rig.rows(() => {
      rig.connect({ attach: [1] });
      rig.answerCalls();
      for (let n = 1; n <= 50; n++) {
        deliver(rig, [entry(n)]);
        ackBroadcasts(rig, take(rig));
      }
      rig.lose();
    });
    expect(rows).toBe(2);
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(50);
  });

  test("P6.5 a reconnect asks each tag once, and writes the link's row alone", () => {
    const rig = inX();
    rig.lose();
    const rows = rig.rows(() => {
      rig.connect({ attach: [1] });
      expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["attach", "attach"]);
    });
    expect(rows).toBe(1);
  });

  test("P1.5 acknowledge only what was sent on this socket, and are free where they do", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    const sent = take(rig);
    const value = [{ slot: 1, tagRef: refOf(rig), position: 1_000 }];
    rig.command({ kind: "cursors", value });
    deliver(rig, [entry(2)]);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(1);
    rig.connect({ attach: [1] });
    rig.answerCalls();
    rig.take();
    for (let n = 0; n < LIMITS.COMMANDS_BURST; n++) ackBroadcasts(rig, sent);
    expect(rig.take()).toEqual([]);
    ackBroadcasts(rig, sent);
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "rate_limited" } }]);
  });

  test("P1.5 do not acknowledge a broadcast that is held back", () => {
    const rig = inX();
    rig.buffered = 65_537;
    deliver(rig, [entry(1)]);
    rig.command({ kind: "cursors", value: [{ slot: 1, tagRef: refOf(rig), position: 1 }] });
    rig.buffered = 0;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(positions(take(rig))).toEqual([1]);
  });

  test("of the device count if they are further; those of other tags do not", () => {
    const rig = inX();
    const cursors = [
      { slot: 1, tagRef: refOf(rig), position: 7 },
      { slot: 1, tagRef: 12_345, position: 7 },
      { slot: 9, tagRef: refOf(rig, ""), position: 7 },
    ];
    reconnect(rig, { cursors });
    expect(page(rig, [], 9)).toBe(7);
    rig.lose();
    expect(rig.store.link?.cursors).toEqual({ [refOf(rig)]: 9, [refOf(rig, "")]: 0 });
  });

  test("beyond the log of the node are ignored in favour of what the mesh remembers", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    reconnect(rig, { cursors: [{ slot: 1, tagRef: refOf(rig), position: 99 }] });
    expect(page(rig, [], 2)).toBe(99);
    expect(page(rig, [entry(2)], 2)).toBe(1);
    expect(positions(take(rig))).toEqual([2]);
  });

  test("B1 a node that forgot, or began anew at a lower position, is believed, and sends all since the device joined", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    reconnect(rig);
    expect(page(rig, [], 0)).toBe(1);
    expect(page(rig, [], 0)).toBe(null);
    deliver(rig, [entry(1, { data: new Uint8Array(3) })]);
    expect(positions(take(rig))).toEqual([1]);
  });

  test("P8.1 2,000 cursors are read in a hello, and one more closes the link", () => {
    const rig = inX();
    const cursors = (length: number) =>
      Array.from({ length }, (_, n) => ({ slot: 1, tagRef: n + 1, position: 1 }));
    rig.connect(null);
    rig.receive(hello({ cursors: cursors(LIMITS.HELLO_CURSORS) }));
    expect(rig.closes.at(-1)?.code).not.toBe("protocol_error");
    rig.connect(null);
    rig.receive(hello({ cursors: cursors(LIMITS.HELLO_CURSORS + 1) }));
    expect(rig.closes.at(-1)?.code).toBe("protocol_error");
  });

  test("P8.1 for more than 40 tags the link's row is written once, and the socket keeps few cursors", () => {
    const rig = inX();
    const tags = Array.from({ length: 41 }, (_, n) => `t${n}`);
    rig.subscribe(...tags);
    // As large as positions are, which begin at the time.
    const position = 1_790_000_000_001;
    const rows = rig.rows(() => {
      for (const tag of tags) {
        deliver(rig, [entry(position, { cover: [tag] })], { tag, prev: 0 });
        ackBroadcasts(rig, take(rig));
        expect(serialize(rig.attachment?.cursors).length).toBeLessThan(1_100);
      }
    });
    expect(rows).toBe(1);
    rig.hibernate();
    rig.lose();
    for (const tag of tags) expect(rig.store.link?.cursors?.[refOf(rig, tag)]).toBe(position);
  });
});
