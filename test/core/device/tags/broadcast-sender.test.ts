/** Broadcasts yield to single sends on the socket, and are sent within a window. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { ackBroadcasts, broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { inX, outcome, page, positions, take } from "../support/in-tag.ts";

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

  test("P5.2 to an app that acknowledges nothing, but not for ever", () => {
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

  test("and are sent by the alarm if nothing else happens", () => {
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

  test("and are not sent if they expire meanwhile", () => {
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
  test("has room for 32 broadcasts; 32 more are held back, and one past that is fetched later", () => {
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

  test("has room for 64 KiB of data", () => {
    const rig = inX();
    const data = new Uint8Array(LIMITS.DATA_BYTES);
    for (let n = 1; n <= 17; n++) deliver(rig, [entry(n, { data })], { waitMs: 0 });
    const sent = take(rig);
    expect(sent).toHaveLength(LIMITS.BROADCAST_INFLIGHT_BYTES / LIMITS.DATA_BYTES);
    ackBroadcasts(rig, sent.slice(0, 1));
    expect(take(rig)).toHaveLength(1);
  });

  test("of an app that acknowledges nothing holds up no other app", () => {
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

  test("keeps the pages of at most six tags in memory", () => {
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
