/** Broadcasts that a node delivers to a device in its tag. */
import { describe, expect, test } from "vitest";
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { AttachAnswer } from "../../../../core/tag/calls/membership.ts";
import { ackBroadcasts, broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { inX, outcome, page, positions, reconnect, refOf, take } from "../support/in-tag.ts";
import { keyOf, Rig } from "../support/rig.ts";

describe("a broadcast that a node delivers", () => {
  test("P6.6 goes to the app, and the node is answered acknowledged: 0 rows", () => {
    const rig = inX();
    const rows = rig.rows(() => {
      const answer = deliver(rig, [entry(1)]);
      expect(outcome(rig, answer)).toBeUndefined();
      const broadcasts = take(rig);
      expect(broadcasts).toMatchObject([
        { slot: 1, tagRef: refOf(rig), tag: "x", position: 1, seq: 2, priority: 2 },
      ]);
      expect(broadcasts[0]?.source).toMatch(/^source-a-/);
      ackBroadcasts(rig, broadcasts);
      expect(outcome(rig, answer)).toBe("acknowledged");
    });
    expect(rows).toBe(0);
    expect(rig.device.deadline).toBeNull();
  });

  test("is answered delivered if the app acknowledges it too late, and the cursor advances all the same", () => {
    const rig = inX();
    const answer = deliver(rig, [entry(1)]);
    rig.timeout(Number(answer));
    expect(outcome(rig, answer)).toBe("delivered");
    ackBroadcasts(rig, take(rig));
    reconnect(rig);
    expect(page(rig, [], 1)).toBe(1);
  });

  test("is not sent again if the app has it", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    expect(outcome(rig, deliver(rig, [entry(1)], { waitMs: 0 }))).toBe("delivered");
    ackBroadcasts(rig, take(rig));
    expect(outcome(rig, deliver(rig, [entry(1)]))).toBe("acknowledged");
    expect(take(rig)).toEqual([]);
  });

  test("B1 is fetched after a gap, with those that are missing", () => {
    const rig = inX();
    expect(outcome(rig, deliver(rig, [entry(3)]))).toBe("deferred");
    expect(page(rig, [entry(1), entry(2), entry(3)], 3)).toBe(0);
    expect(positions(take(rig))).toEqual([1, 2, 3]);
    expect(outcome(rig, deliver(rig, [entry(5)], { prev: null }))).toBe("deferred");
    expect(page(rig, [entry(4), entry(5)], 5)).toBe(3);
    expect(positions(take(rig))).toEqual([4, 5]);
  });

  test.each<[string, (rig: Rig) => void, Parameters<typeof deliver>[2], string]>([
    ["another node", () => {}, { path: "a" }, "unknown"],
    ["another tag", () => {}, { tag: "y" }, "unknown"],
    ["another app", () => {}, { app: "b" }, "unknown"],
    ["no link", (rig) => rig.lose(), {}, "offline"],
    [
      "an app that does not listen",
      (rig) => rig.command({ kind: "detach", value: { slot: 1 } }),
      {},
      "offline",
    ],
    [
      "an ended registration",
      (rig) => rig.command({ kind: "unregister", value: { request: 1, slot: 1 } }),
      {},
      "unknown",
    ],
    ["a link that has not said hello", (rig) => rig.connect(null), {}, "offline"],
  ])("for %s is answered with the reason", (_, happens, fields, expected) => {
    const rig = inX();
    happens(rig);
    expect(outcome(rig, deliver(rig, [entry(1)], fields))).toBe(expected);
  });

  test("waits while its tag is being joined", () => {
    const rig = Rig.online();
    rig.answerCalls();
    rig.command({ kind: "subscribe", value: { request: 1, slot: 1, add: ["x"], remove: [] } });
    expect(outcome(rig, deliver(rig, [entry(1)], { path: "a" }))).toBe("deferred");
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 0 } });
    expect(page(rig, [entry(1)], 1)).toBe(0);
    expect(positions(take(rig))).toEqual([1]);
  });

  test("B1 waits if the link is lost, and is sent on the next", () => {
    const rig = inX();
    const answer = deliver(rig, [entry(1)]);
    reconnect(rig);
    expect(outcome(rig, answer)).toBe("offline");
    expect(page(rig, [entry(1)], 1)).toBe(0);
    expect(positions(take(rig))).toEqual([1]);
  });

  test.each([{ ok: false }, { ok: true, answer: { kind: "late" } }] as const)(
    "B1 is fetched if it is behind a page, though a join at the same time failed: %o",
    (failure) => {
      const rig = inX();
      rig.restart();
      rig.connect({ attach: [1] });
      page(rig, [], 0);
      // The app has not heard that it joined, and asks again while its tag is being attached.
      rig.command({ kind: "subscribe", value: { request: 9, slot: 1, add: ["x"], remove: [] } });
      page(rig, [entry(1)], 1, true);
      expect(rig.answerCall(failure).call.method).toBe("join");
      expect(page(rig, [entry(2)], 2)).toBe(1);
      const frames = rig.take();
      expect(positions(broadcastsIn(frames))).toEqual([1, 2]);
      // It is in the tag: the answer of the attach told so.
      expect(frames).toContainEqual({ kind: "done", value: { request: 9 } });
    },
  );

  test("B22 B23 B11 is for the device if the condition, the filter and the time say so", () => {
    const rig = inX();
    rig.command({ kind: "report", value: { request: 1, slot: 1, platform: "ios" } });
    const not = { not: { tag: "x" } };
    const cases: [Partial<LogEntry>, string][] = [
      [{ condition: not }, "filtered"],
      [{ condition: { all: [{ tag: "" }, { tag: "x" }] } }, "delivered"],
      [{ filter: { platform: ["ios"] } }, "delivered"],
      [{ filter: { platform: ["web"] } }, "filtered"],
      [{ expiresAt: rig.now }, "expired"],
      [{ expiresAt: rig.now + 1 }, "delivered"],
      // Of ttl 0.
      [{ expiresAt: rig.now, seq: 13 }, "delivered"],
    ];
    rig.take();
    cases.forEach(([fields, end], at) => {
      const answer = deliver(rig, [entry(at + 1, fields)], { waitMs: 0 });
      expect(outcome(rig, answer)).toBe(end);
    });
    const sent = take(rig);
    expect(positions(sent)).toEqual([2, 3, 6, 7]);
    expect(sent.at(-1)?.expiresAtMs).toBeUndefined();
    ackBroadcasts(rig, sent.slice(0, 1));
    rig.lose();
    // Those that were left out need no acknowledgement.
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(2);
  });

  test("B9 of several tags comes through the first that delivers it, and again only if that tag is left", () => {
    const rig = inX();
    rig.subscribe("y");
    rig.take();
    const both = { cover: ["x", "y"] };
    deliver(rig, [entry(1, both)], { tag: "y", waitMs: 0 });
    expect(outcome(rig, deliver(rig, [entry(1, both)]))).toBe("filtered");
    expect(take(rig).map(({ tag }) => tag)).toEqual(["y"]);
    rig.command({ kind: "subscribe", value: { request: 1, slot: 1, add: [], remove: ["y"] } });
    rig.answerCall({ ok: true, answer: true });
    expect(page(rig, [entry(1, both)], 1)).toBe(0);
    const again = take(rig);
    expect(again.map(({ tag }) => tag)).toEqual(["x"]);
    ackBroadcasts(rig, again);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(1);
  });

  test.each([
    ["in both still", false],
    ["in the other alone by now", true],
  ])(
    "B1 B9 P2.1 under a key that the tags have forgotten is a new one, and comes to a device that is %s",
    (_, leaves) => {
      const rig = inX();
      rig.subscribe("y");
      rig.take();
      const both = { cover: ["x", "y"], key: keyOf("one") };
      deliver(rig, [entry(1, both)], { waitMs: 0 });
      ackBroadcasts(rig, take(rig));
      deliver(rig, [entry(1, both)], { tag: "y", waitMs: 0 });
      if (leaves) {
        rig.command({ kind: "subscribe", value: { request: 1, slot: 1, add: [], remove: ["x"] } });
        rig.answerCall({ ok: true, answer: true });
      }
      const other = { ...both, seq: 5_000, data: new Uint8Array(20) };
      const answer = deliver(rig, [entry(1_030, other)], { tag: "y", prev: 1 });
      if (!leaves) deliver(rig, [entry(1_030, other)], { prev: 1, waitMs: 0 });
      const sent = take(rig);
      expect(sent.map(({ tag, seq }) => [tag, seq])).toEqual([["y", 5_000]]);
      ackBroadcasts(rig, sent);
      expect(outcome(rig, answer)).toBe("acknowledged");
    },
  );
});

test("B15 a broadcast that the device discarded is answered expired, also when its node asks again", () => {
  const rig = inX();
  const answers = [
    deliver(rig, [entry(1, { expiresAt: rig.now + 1_000 })]),
    deliver(rig, [entry(2)]),
  ];
  const sent = take(rig);
  expect(sent[0]?.remainingMs).toBe(1_000);
  const { slot, tagRef, position } = sent[1] ?? { slot: 0, tagRef: 0, position: 0 };
  rig.command({ kind: "cursors", value: [{ slot, tagRef, position, discarded: [1] }] });
  const ends = answers.map((answer) => outcome(rig, answer));
  expect(ends).toEqual(["expired", "acknowledged"]);
  // Where the answers were lost.
  const again = [entry(1), entry(2)].map((one) => outcome(rig, deliver(rig, [one], { prev: 0 })));
  expect(again).toEqual(ends);
});

test("B15 a node that asks again about a broadcast that was left out gets the same answer", () => {
  const rig = inX();
  const first = outcome(rig, deliver(rig, [entry(1, { expiresAt: rig.now - 1 })]));
  expect(first).toBe("expired");
  expect(outcome(rig, deliver(rig, [entry(1)], { prev: 0 }))).toBe(first);
});

describe("a later broadcast with the same collapse key", () => {
  const first = entry(1, { collapseKey: "k" });
  const ios = { filter: { platform: ["ios"] } };
  const forIos = { position: 5, collapseKey: "k", condition: null, ...ios };

  /** Comes back after both, and is given the first with what replaces it. */
  function back(replacements: Extract<AttachAnswer, { kind: "attached" }>["replacements"]): Rig {
    const rig = inX();
    reconnect(rig);
    const answer: AttachAnswer = {
      ...{ kind: "attached", upTo: 1, more: true, entries: [first] },
      ...(replacements === undefined ? {} : { replacements }),
    };
    rig.answerCall({ ok: true, answer });
    return rig;
  }

  test("B12 replaces the earlier one if it is for this device, whatever page it is on", () => {
    const everybody = { ...forIos, filter: null, condition: { tag: "x" } };
    expect(positions(take(back([everybody])))).toEqual([]);
  });

  test("B12 does not if it is for others, or has another key", () => {
    expect(positions(take(back([forIos])))).toEqual([1]);
    expect(positions(take(back([{ ...forIos, filter: null, collapseKey: "l" }])))).toEqual([1]);
    expect(positions(take(back(undefined)))).toEqual([1]);
  });

  test("B12 follows the same rule in one delivery", () => {
    const rig = inX();
    deliver(rig, [first, entry(2, { collapseKey: "k", ...ios }), entry(3)]);
    expect(positions(take(rig))).toEqual([1, 3]);
    const both = { condition: { tag: "x" } };
    deliver(rig, [entry(4, { collapseKey: "k" }), entry(5, { collapseKey: "k", ...both })]);
    expect(positions(take(rig))).toEqual([5]);
    deliver(rig, [entry(6, { collapseKey: "k" }), entry(7, { collapseKey: "k", seq: 15 })]);
    expect(positions(take(rig))).toEqual([6, 7]);
  });
});
