/** What a device does with the recall of a broadcast. */
import { describe, expect, test } from "vitest";
import { recallKey } from "../../../../core/tag/log/recalled.ts";
import { DeviceEventKind } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ackBroadcasts, broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { inX, outcome, page, positions, reconnect, take } from "../support/in-tag.ts";
import { keyOf, type Rig } from "../support/rig.ts";

/** The recall of the entry at a position. */
const recallOf = (recalled: number, position: number) => {
  const { seq, key } = entry(recalled);
  return entry(position, { recalls: seq, key: recallKey(key), data: new Uint8Array() });
};

const withdrawn = (rig: Rig) =>
  rig.take().flatMap((frame) => (frame.kind === "withdraw" ? [frame.value] : []));

function answerRecall(rig: Rig, recalled: number, source: string): void {
  const { seq, key } = entry(recalled);
  const events = [{ kind: DeviceEventKind.RECALLED, key, seq, source }];
  rig.command({ kind: "events", value: { request: 9, slot: 1, events } });
}

test("X4 a broadcast that was sent is withdrawn, and the node hears when the device has said so", () => {
  const rig = inX();
  deliver(rig, [entry(1)]);
  const [sent] = take(rig);
  ackBroadcasts(rig, sent === undefined ? [] : [sent]);
  rig.take();
  const answer = deliver(rig, [recallOf(1, 2)]);
  expect(withdrawn(rig)).toEqual([
    { slot: 1, key: keyOf("e1"), seq: 2, recall: true, source: sent?.source },
  ]);
  expect(typeof answer).toBe("number");
  answerRecall(rig, 1, sent?.source ?? "");
  expect(outcome(rig, answer)).toBe("acknowledged");
});

describe("X4 the app is never given", () => {
  test("one that is held", () => {
    const rig = inX();
    rig.sendAndWait();
    const first = deliver(rig, [entry(1)]);
    const [message] = rig.take().flatMap((f) => (f.kind === "deliver" ? f.value.messages : []));
    deliver(rig, [recallOf(1, 2), entry(3)]);
    expect(outcome(rig, first)).toBe("collapsed");
    rig.ack(1, 2, message?.seq ?? 0);
    const frames = rig.take();
    expect(positions(broadcastsIn(frames))).toEqual([3]);
    expect(frames.map(({ kind }) => kind)).toContain("withdraw");
  });

  test("one that comes in a page that was on its way", () => {
    const rig = inX();
    reconnect(rig);
    // The node calls while the page is being fetched.
    expect(outcome(rig, deliver(rig, [recallOf(1, 2)]))).toBe("deferred");
    page(rig, [entry(1)], 1);
    expect(take(rig)).toEqual([]);
    page(rig, [recallOf(1, 2), entry(3)], 3);
    const frames = rig.take();
    expect(positions(broadcastsIn(frames))).toEqual([3]);
    expect(frames.filter(({ kind }) => kind === "withdraw")).toHaveLength(1);
  });

  test("one that a call brings together with its recall", () => {
    const rig = inX();
    deliver(rig, [entry(1), recallOf(1, 2)]);
    expect(take(rig)).toEqual([]);
  });
});

test("X4 a recall that the device did not answer comes again on its next link, and not once it was answered", () => {
  const rig = inX();
  deliver(rig, [entry(1)]);
  const sent = take(rig);
  ackBroadcasts(rig, sent);
  deliver(rig, [recallOf(1, 2)]);
  rig.take();
  reconnect(rig);
  expect(page(rig, [recallOf(1, 2)], 2)).toBe(1);
  expect(withdrawn(rig)).toHaveLength(1);
  answerRecall(rig, 1, sent[0]?.source ?? "");
  reconnect(rig);
  expect(page(rig, [], 2)).toBe(2);
});

test("X4 recalls that a device never answers hold back no broadcast, also on its next link", () => {
  const rig = inX();
  const count = LIMITS.BROADCAST_INFLIGHT + 8;
  const recalls = Array.from({ length: count }, (_, i) => recallOf(100 + i, 1 + i));
  for (const each of recalls) deliver(rig, [each]);
  rig.take();
  deliver(rig, [entry(count + 1)]);
  expect(positions(take(rig))).toEqual([count + 1]);
  reconnect(rig);
  page(rig, [...recalls, entry(count + 1)], count + 1);
  expect(positions(take(rig))).toEqual([count + 1]);
});
