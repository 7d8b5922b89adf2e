import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import type { AttachAnswer, LogEntry } from "../../../../core/tag/types.ts";
import type { Broadcast } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ackBroadcasts, broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { hello } from "../support/frames.ts";
import { keyOf, Rig } from "../support/rig.ts";

/** Online and in "x", its nodes calling. */
function inX(): Rig {
  const rig = Rig.online();
  rig.answerCalls();
  rig.subscribe("x");
  rig.take();
  return rig;
}

const take = (rig: Rig): Broadcast[] => broadcastsIn(rig.take());
const positions = (broadcasts: readonly Broadcast[]) => broadcasts.map(({ position }) => position);
const refOf = (rig: Rig, tag = "x"): number =>
  [...rig.store.tags.values()].find((record) => record.tag === tag)?.ref ?? 0;

/** Answers the next call, which has to be an attach, with a page. */
function page(rig: Rig, entries: LogEntry[], upTo: number, more = false) {
  const answer: AttachAnswer = { kind: "attached", upTo, more, entries };
  const { call } = rig.answerCall({ ok: true, answer });
  if (call.method !== "attach") throw new Error(`${call.method} came`);
  return call.request.after;
}

/** Loses the link, opens another, and answers the tag of all devices; the call of "x" is left. */
function reconnect(rig: Rig, greeting = {}): void {
  rig.lose();
  rig.connect({ attach: [1], ...greeting });
  rig.take();
  page(rig, [], 0);
}

const outcome = (rig: Rig, answer: ReturnType<typeof deliver>): unknown => {
  const given = typeof answer === "number" ? rig.answers.get(answer) : answer;
  return given?.ok && "outcome" in given ? given.outcome : given;
};

describe("what a node calls with", () => {
  test("P6.6 goes to the app, and the node hears that it took it: 0 rows", () => {
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

  test("is called delivered where the app takes it too late, and counts all the same", () => {
    const rig = inX();
    const answer = deliver(rig, [entry(1)]);
    rig.timeout(Number(answer));
    expect(outcome(rig, answer)).toBe("delivered");
    ackBroadcasts(rig, take(rig));
    reconnect(rig);
    expect(page(rig, [], 1)).toBe(1);
  });

  test("that the app has already is not sent again", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    expect(outcome(rig, deliver(rig, [entry(1)], { waitMs: 0 }))).toBe("delivered");
    ackBroadcasts(rig, take(rig));
    expect(outcome(rig, deliver(rig, [entry(1)]))).toBe("acknowledged");
    expect(take(rig)).toEqual([]);
  });

  test("B1 after a gap is fetched, with what is missing", () => {
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
  ])("for %s is answered so", (_, happens, fields, expected) => {
    const rig = inX();
    happens(rig);
    expect(outcome(rig, deliver(rig, [entry(1)], fields))).toBe(expected);
  });

  test("while its tag is being joined waits for that", () => {
    const rig = Rig.online();
    rig.answerCalls();
    rig.command({ kind: "subscribe", value: { request: 1, slot: 1, add: ["x"], remove: [] } });
    expect(outcome(rig, deliver(rig, [entry(1)], { path: "a" }))).toBe("deferred");
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 0 } });
    expect(page(rig, [entry(1)], 1)).toBe(0);
    expect(positions(take(rig))).toEqual([1]);
  });

  test("B1 waits when the link is lost, and comes with the next", () => {
    const rig = inX();
    const answer = deliver(rig, [entry(1)]);
    reconnect(rig);
    expect(outcome(rig, answer)).toBe("offline");
    expect(page(rig, [entry(1)], 1)).toBe(0);
    expect(positions(take(rig))).toEqual([1]);
  });

  test.each([{ ok: false }, { ok: true, answer: { kind: "late" } }] as const)(
    "B1 what is behind a page is fetched, though a join that was asked beside it failed: %o",
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

  test("B22 B23 B11 the condition, the filter and the time decide whether it is for the device", () => {
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

  test("B9 of several tags comes through the first that calls, and again only if that one is left", () => {
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
    "B1 B9 P2.1 one under a key that the tags have forgotten is another, and comes to a device that is %s",
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

test("B15 a broadcast that the device discarded is expired, also when its node asks again", () => {
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

test("B15 a node that asks again hears of a broadcast that was left out what it would have heard", () => {
  const rig = inX();
  const first = outcome(rig, deliver(rig, [entry(1, { expiresAt: rig.now - 1 })]));
  expect(first).toBe("expired");
  expect(outcome(rig, deliver(rig, [entry(1)], { prev: 0 }))).toBe(first);
});

describe("broadcasts yield", () => {
  test("P5.2 to a send whose acknowledgement is awaited", () => {
    const rig = inX();
    rig.sendAndWait();
    const answer = deliver(rig, [entry(1)]);
    const frames = rig.take();
    expect(broadcastsIn(frames)).toEqual([]);
    const [message] = frames.flatMap((frame) =>
      frame.kind === "deliver" ? frame.value.messages : [],
    );
    rig.ack(1, 2, message?.seq ?? 0);
    const sent = take(rig);
    expect(positions(sent)).toEqual([1]);
    ackBroadcasts(rig, sent);
    expect(outcome(rig, answer)).toBe("acknowledged");
  });

  test("P5.2 but not for ever to an app that acknowledges nothing", () => {
    const rig = inX();
    rig.queue();
    const answer = deliver(rig, [entry(1)]);
    rig.now += LIMITS.ACK_WAIT_DEFAULT_MS;
    rig.timeout(Number(answer));
    expect(outcome(rig, answer)).toBe("delivered");
    expect(positions(take(rig))).toEqual([1]);
  });

  test("P5.2 not to the single sends of another app of the device", () => {
    const rig = inX();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    rig.take();
    rig.sendAndWait({ app: "b" });
    deliver(rig, [entry(1)]);
    expect(positions(take(rig))).toEqual([1]);
  });

  test("P5.2 not for ever to single sends of its own app that never end, nor to a socket that is never empty", () => {
    for (const buffered of [0, 65_537, LIMITS.SOCKET_BUFFER_BYTES / 2]) {
      const rig = inX();
      rig.buffered = buffered;
      rig.sendAndWait();
      deliver(rig, [entry(1)], { waitMs: 0 });
      for (let ms = 0; ms < LIMITS.BROADCAST_YIELD_MS; ms += 100) {
        // There is always one on its way.
        rig.sendAndWait();
        const frames = rig.take();
        expect(broadcastsIn(frames)).toEqual([]);
        const [message] = frames.flatMap((f) => (f.kind === "deliver" ? f.value.messages : []));
        rig.ack(1, 2, (message?.seq ?? 0) - 1);
        rig.now += 100;
      }
      rig.sendAndWait();
      expect(positions(take(rig))).toEqual([1]);
    }
  });

  test("also where nothing else happens: the alarm comes", () => {
    const rig = inX();
    rig.lose();
    rig.queue();
    rig.connect({ attach: [1] });
    page(rig, [], 0);
    page(rig, [entry(1)], 1);
    expect(take(rig)).toEqual([]);
    const { deadline } = rig.device;
    expect(deadline).toBeLessThanOrEqual(rig.now + 30_000);
    rig.now = deadline ?? 0;
    rig.alarm();
    expect(positions(take(rig))).toEqual([1]);
  });

  test("P5.2 to a socket that is full", () => {
    const rig = inX();
    rig.buffered = 65_537;
    const answer = deliver(rig, [entry(1)]);
    expect(take(rig)).toEqual([]);
    rig.timeout(Number(answer));
    expect(outcome(rig, answer)).toBe("deferred");
    rig.buffered = 65_536;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(positions(take(rig))).toEqual([1]);
  });

  test("what expires while it is held is not sent", () => {
    const rig = inX();
    rig.buffered = 65_537;
    const answer = deliver(rig, [entry(1, { expiresAt: rig.now + 10 })]);
    rig.now += 10;
    rig.buffered = 0;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(take(rig)).toEqual([]);
    expect(outcome(rig, answer)).toBe("expired");
  });
});

describe("P8.1 the window", () => {
  test("holds 32 broadcasts; 32 more are held, and one past that is fetched later", () => {
    const rig = inX();
    const count = LIMITS.BROADCAST_INFLIGHT;
    const answers = Array.from({ length: 2 * count + 1 }, (_, n) =>
      deliver(rig, [entry(n + 1)], { waitMs: 0 }),
    );
    expect(outcome(rig, answers[count - 1] ?? 0)).toBe("delivered");
    expect(outcome(rig, answers[count] ?? 0)).toBe("deferred");
    const sent = take(rig);
    expect(sent).toHaveLength(count);
    expect(rig.calls).toHaveLength(1);
    expect(page(rig, [entry(2 * count + 1)], 2 * count + 1)).toBe(2 * count);
    ackBroadcasts(rig, sent);
    const more = take(rig);
    expect(positions(more)[0]).toBe(count + 1);
    ackBroadcasts(rig, more);
    expect(positions(take(rig))).toEqual([2 * count + 1]);
  });

  test("holds 64 KiB of data", () => {
    const rig = inX();
    const data = new Uint8Array(LIMITS.DATA_BYTES);
    for (let n = 1; n <= 17; n++) deliver(rig, [entry(n, { data })], { waitMs: 0 });
    const sent = take(rig);
    expect(sent).toHaveLength(LIMITS.BROADCAST_INFLIGHT_BYTES / LIMITS.DATA_BYTES);
    ackBroadcasts(rig, sent.slice(0, 1));
    expect(take(rig)).toHaveLength(1);
  });

  test("an app that acknowledges nothing holds up no other", () => {
    const rig = inX();
    rig.subscribe(...Array.from({ length: 20 }, (_, n) => `t${n}`));
    const slot = rig.register("b");
    rig.answerCalls();
    rig.lose();
    rig.connect({ attach: [1, slot] });
    rig.take();
    for (let n = 0; n < LIMITS.TAG_CALLS; n++) {
      const full = Array.from({ length: LIMITS.CATCH_UP_ENTRIES }, (_, at) => entry(at + 1));
      page(rig, full, full.length);
    }
    // One page fills the window; five are held, and another is asked for. The other app's tag is asked too.
    expect(take(rig)).toHaveLength(LIMITS.BROADCAST_INFLIGHT);
    expect(rig.calls).toHaveLength(2);
    page(rig, [entry(1)], 1);
    expect(take(rig)).toMatchObject([{ slot }]);
  });

  test("pages of no more than six tags are in memory", () => {
    const rig = inX();
    rig.buffered = 65_537;
    rig.subscribe(...Array.from({ length: 20 }, (_, n) => `t${n}`));
    rig.lose();
    rig.connect({ attach: [1] });
    expect(rig.calls).toHaveLength(LIMITS.TAG_CALLS);
    for (let n = 0; n < LIMITS.TAG_CALLS; n++) page(rig, [entry(1)], 1);
    expect(rig.calls).toHaveLength(0);
    rig.buffered = 0;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(take(rig)).toHaveLength(LIMITS.TAG_CALLS);
    expect(rig.calls).toHaveLength(LIMITS.TAG_CALLS);
  });
});

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

  test("P1.5 nor what is held back", () => {
    const rig = inX();
    rig.buffered = 65_537;
    deliver(rig, [entry(1)]);
    rig.command({ kind: "cursors", value: [{ slot: 1, tagRef: refOf(rig), position: 1 }] });
    rig.buffered = 0;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(positions(take(rig))).toEqual([1]);
  });

  test("the device's own count where they are further; those of what it is not in do not", () => {
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

  test("beyond what the node ever had count nothing: what the mesh remembers does", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    reconnect(rig, { cursors: [{ slot: 1, tagRef: refOf(rig), position: 99 }] });
    expect(page(rig, [], 2)).toBe(99);
    expect(page(rig, [entry(2)], 2)).toBe(1);
    expect(positions(take(rig))).toEqual([2]);
  });

  test("B1 a node that forgot, or has begun anew below, is believed, and gives all since the device joined it", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    reconnect(rig);
    expect(page(rig, [], 0)).toBe(1);
    expect(page(rig, [], 0)).toBe(null);
    deliver(rig, [entry(1, { data: new Uint8Array(3) })]);
    expect(positions(take(rig))).toEqual([1]);
  });

  test("P8.1 2,000 of them are read in a hello, and one more closes the link", () => {
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

  test("P8.1 of more than 40 tags the link's row is written once, and the socket keeps few", () => {
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

describe("catching up", () => {
  test("goes page by page, at the app's pace, and is live at its end", () => {
    const rig = inX();
    reconnect(rig);
    page(rig, [entry(1), entry(2)], 2, true);
    expect(page(rig, [entry(3)], 3)).toBe(2);
    const sent = take(rig);
    expect(positions(sent)).toEqual([1, 2, 3]);
    ackBroadcasts(rig, sent);
    expect(rig.calls).toEqual([]);
    deliver(rig, [entry(4)]);
    expect(positions(take(rig))).toEqual([4]);
  });

  test("what a node calls with meanwhile is in one of the pages", () => {
    const rig = inX();
    reconnect(rig);
    expect(outcome(rig, deliver(rig, [entry(2)]))).toBe("deferred");
    page(rig, [entry(1)], 1);
    expect(page(rig, [entry(2)], 2)).toBe(1);
    expect(positions(take(rig))).toEqual([1, 2]);
  });

  test("B11 one of ttl 0 that its node called with meanwhile is asked for by name, and taken", () => {
    const rig = inX();
    rig.lose();
    rig.connect({ attach: [1] });
    rig.take();
    page(rig, [], 0);
    // The node counts on the link before; the device is asking it already, and a page of it has come.
    expect(outcome(rig, deliver(rig, [entry(1), entry(2, { seq: 5 })]))).toBe("deferred");
    rig.answerCall({ ok: false });
    rig.now += 60_000;
    rig.alarm();
    const { call } = rig.answerCall({
      ok: true,
      answer: { kind: "attached", upTo: 2, more: false, entries: [entry(2, { seq: 5 })] },
    });
    expect(call).toMatchObject({ method: "attach", request: { called: [2] } });
    expect(positions(take(rig))).toEqual([2]);
    // It is asked for once.
    deliver(rig, [entry(9)], { prev: 8 });
    const again = rig.answerCall({ ok: false }).call;
    expect(again).toMatchObject({ method: "attach" });
    expect(again.request).not.toHaveProperty("called");
  });

  test("B11 a device tells since when it listens, and no more after a sleep", () => {
    const rig = inX();
    rig.lose();
    rig.now += 5_000;
    rig.connect({ attach: [1] });
    page(rig, [], 0);
    expect(rig.answerCall({ ok: false }).call).toMatchObject({ request: { since: rig.now } });
  });

  test("B15 each entry of a call is answered for by itself", () => {
    const rig = inX();
    const answer = deliver(rig, [
      entry(1, { filter: { platform: ["ios"] } }),
      entry(2, { expiresAt: rig.now }),
      entry(3),
      entry(4, { seq: 9 }),
      entry(5),
    ]);
    const broadcasts = take(rig);
    expect(positions(broadcasts)).toEqual([3, 4, 5]);
    ackBroadcasts(rig, broadcasts.slice(0, 1));
    rig.timeout(Number(answer));
    expect(rig.answers.get(Number(answer))).toEqual({
      ok: true,
      outcome: "delivered",
      before: ["filtered", "expired", "acknowledged", "delivered"],
    });
  });

  test("a node that cannot be called is called again when the device does something, or by the alarm", () => {
    const rig = inX();
    reconnect(rig);
    rig.answerCall({ ok: false });
    expect(rig.device.deadline).toBe(rig.now + 30_000);
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.calls).toEqual([]);
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    rig.answerCall({ ok: true, answer: { ok: false, code: "overloaded" } });
    rig.now += 30_000;
    rig.alarm();
    page(rig, [entry(1)], 1);
    expect(rig.device.deadline).toBeNull();
    rig.lose();
    expect(rig.device.deadline).toBeNull();
  });

  test("an answer for a link that is gone is asked for again", () => {
    const rig = inX();
    rig.lose();
    rig.connect({ attach: [1] });
    const stale = rig.calls.splice(0);
    rig.connect({ attach: [1] });
    rig.answerCalls();
    rig.calls.push(...stale);
    page(rig, [entry(1)], 1);
    expect(take(rig)).toEqual([]);
    page(rig, [entry(1)], 1);
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });
});

describe("P1.4 a sleep", () => {
  test("forgets nothing: nodes go on calling, and nothing is asked", () => {
    const rig = inX();
    deliver(rig, [entry(1)]);
    ackBroadcasts(rig, take(rig));
    rig.hibernate();
    expect(rig.calls).toEqual([]);
    deliver(rig, [entry(2)]);
    const sent = take(rig);
    expect(positions(sent)).toEqual([2]);
    ackBroadcasts(rig, sent);
    rig.hibernate();
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(2);
  });

  test("keeps what is on the socket: its acknowledgement counts after it", () => {
    const rig = inX();
    rig.timeout(Number(deliver(rig, [entry(1)])));
    rig.timeout(Number(deliver(rig, [entry(2)])));
    const sent = take(rig);
    rig.hibernate();
    expect(outcome(rig, deliver(rig, [entry(2)], { waitMs: 0 }))).not.toBe("deferred");
    expect(take(rig)).toEqual([]);
    ackBroadcasts(rig, sent.slice(0, 1));
    ackBroadcasts(rig, [{ ...(sent[1] as Broadcast), position: 99 }]);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(2);
  });

  test("keeps what is on the socket: what is left out after it acknowledges nothing", () => {
    const rig = inX();
    rig.timeout(Number(deliver(rig, [entry(1)])));
    rig.hibernate();
    deliver(rig, [entry(2, { condition: { not: { tag: "x" } } })]);
    rig.lose();
    expect(rig.store.link?.cursors?.[refOf(rig)]).toBe(0);
  });

  test("while it was catching up makes it ask again", () => {
    const rig = inX();
    reconnect(rig);
    rig.buffered = 65_537;
    page(rig, [entry(1)], 1);
    rig.buffered = 0;
    rig.hibernate();
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });

  test("that began before there were tags is followed by asking all", () => {
    const rig = inX();
    const { live: _, cursors: __, ...before } = rig.attachment ?? {};
    rig.attachment = before as typeof rig.attachment;
    rig.hibernate();
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["attach", "attach"]);
  });

  test("an attachment of 32 registrations with 40 cursors that moved is under 2 KB", () => {
    const rig = Rig.online();
    for (let n = 1; n < LIMITS.REGISTRATIONS; n++) {
      const slot = rig.register(`app${n}`);
      rig.command({ kind: "attach", value: { slot } });
      rig.now += 100;
    }
    rig.answerCalls();
    rig.subscribe(...Array.from({ length: 40 }, (_, n) => `t${n}`));
    for (let n = 0; n < 40; n++) {
      deliver(rig, [entry(1_000_000, { cover: [`t${n}`] })], { tag: `t${n}`, prev: 0, waitMs: 0 });
    }
    expect(rig.attachment?.cursors?.length).toBeGreaterThan(90);
    expect(serialize(rig.attachment).length).toBeLessThan(2_048);
  });
});

describe("a later broadcast of its collapse key", () => {
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

  test("B12 replaces one where it is for this device, whatever page it is on", () => {
    const everybody = { ...forIos, filter: null, condition: { tag: "x" } };
    expect(positions(take(back([everybody])))).toEqual([]);
  });

  test("B12 does not where it is for others, or of another key", () => {
    expect(positions(take(back([forIos])))).toEqual([1]);
    expect(positions(take(back([{ ...forIos, filter: null, collapseKey: "l" }])))).toEqual([1]);
    expect(positions(take(back(undefined)))).toEqual([1]);
  });

  test("B12 that a node brings along with it goes by the same rule", () => {
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
