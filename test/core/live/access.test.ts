/** How long a listener may stay. */
import { describe, expect, test } from "vitest";
import type { Pass } from "../../../core/live/access.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { LiveRig, START_MS, settle, TestListener } from "./support/rig.ts";

const passOf = (fields: Partial<Pass> = {}): Pass => ({
  ...{ until: START_MS + 3_600_000, key: 1, trust: 1 },
  ...fields,
});

const withToken = (rig: LiveRig, fields: Partial<Pass> = {}, after: number | null = null) =>
  rig.listen(after, new TestListener(), passOf(fields));

describe("S11 a listener whose token has expired", () => {
  test("hears nothing more, is told to get another, and misses nothing with that", async () => {
    const rig = new LiveRig();
    const [open, short] = [await rig.listen(), await withToken(rig, { until: START_MS + 1_000 })];
    await rig.broadcast();
    await rig.advance(1_000);
    await rig.broadcast();
    expect(short).toMatchObject({ cursors: [1], closed: "listen_token_invalid" });
    expect(open).toMatchObject({ cursors: [1, 2], closed: null });
    expect((await withToken(rig, {}, 1)).cursors).toEqual([2]);
  });

  test("hears until then", async () => {
    const rig = new LiveRig();
    const short = await withToken(rig, { until: START_MS + 1_000 });
    await rig.advance(999);
    await rig.broadcast();
    expect(short).toMatchObject({ cursors: [1], closed: null });
  });

  test("hears nothing either after a sleep of its node", async () => {
    const rig = new LiveRig();
    const short = await withToken(rig, { until: START_MS + 1_000 });
    await rig.advance(60_000);
    rig.hibernate(short);
    await rig.broadcast();
    expect(short).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
  });

  test("hears nothing while it lags", async () => {
    const rig = new LiveRig();
    const short = await withToken(rig, { until: START_MS + 1_000 });
    short.bufferedBytes = LIMITS.LIVE_BUFFER_BYTES + 1;
    await rig.broadcast();
    await rig.advance(999);
    expect(short.closed).toBeNull();
    await rig.advance(51);
    short.bufferedBytes = 0;
    expect(short).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
  });
});

describe("S14 a listener with an expired token that is sent nothing", () => {
  test.each([true, false])(
    "is counted off 5 minutes later at most (hibernates: %s)",
    async (hibernates) => {
      const rig = new LiveRig(hibernates);
      const until = START_MS + 1_000;
      const [first, other] = [await withToken(rig, { until }), await withToken(rig)];
      await rig.advance(10_000);
      expect(rig.reports.at(-1)).toBe(2);
      const dueAt = START_MS + LIMITS.LIVE_EXPIRY_MS;
      if (hibernates) {
        await settle();
        expect(rig.alarmAt).toBe(dueAt);
        rig.hibernate(first, other);
        await rig.advance(dueAt - rig.now);
        await rig.ring();
      } else await rig.advance(dueAt - rig.now + 100);
      expect(first.closed).toBe("listen_token_invalid");
      expect(other.closed).toBeNull();
      await rig.advance(LIMITS.PRESENCE_MS);
      expect(rig.reports.at(-1)).toBe(1);
      if (hibernates) {
        await settle();
        expect(rig.alarmAt).toBe(START_MS + 3_600_000);
      }
    },
  );

  test("an alarm for a later token does not replace an earlier one", async () => {
    const rig = new LiveRig();
    const first = await withToken(rig, { until: START_MS + 1_000 });
    await settle();
    const { alarmAt } = rig;
    rig.hibernate(first);
    await withToken(rig, { until: START_MS + 80_000_000 });
    await settle();
    expect(rig.alarmAt).toBe(alarmAt);
  });

  test("nobody is looked for where nobody has a token", async () => {
    const rig = new LiveRig();
    await rig.listen();
    await rig.broadcast();
    await settle();
    expect(rig.alarmAt).toBeNull();
    expect(rig.trustAsked).toBe(0);
  });
});

describe("S11 a listener whose token's key is revoked", () => {
  test("hears nothing that was sent under the new version; others are asked for once", async () => {
    const rig = new LiveRig();
    const open = await rig.listen();
    const [one, two] = [await withToken(rig), await withToken(rig, { key: 2 })];
    await rig.broadcast({ trustVersion: 1 });
    expect(rig.trustAsked).toBe(0);
    rig.trust = { version: 2, keys: [2] };
    await rig.broadcast({ trustVersion: 2 });
    await rig.broadcast({ trustVersion: 2 });
    expect(one).toMatchObject({ cursors: [1], closed: "listen_token_invalid" });
    for (const each of [open, two])
      expect(each).toMatchObject({ cursors: [1, 2, 3], closed: null });
    expect(rig.trustAsked).toBe(1);
    // An edge that does not know of it yet.
    await rig.broadcast({ trustVersion: 1 });
    rig.hibernate(open, two);
    await rig.broadcast({ trustVersion: 2 });
    expect(two.cursors).toEqual([1, 2, 3, 4, 5]);
    expect(rig.trustAsked).toBe(1);
  });

  test("hears nothing while the app cannot be asked; others get all of it later", async () => {
    const rig = new LiveRig();
    const [one, two] = [await withToken(rig), await withToken(rig, { key: 2 })];
    rig.trust = { version: 2, keys: [2] };
    rig.trustFails = true;
    await expect(rig.broadcast({ trustVersion: 2 })).rejects.toThrow("cannot be called");
    // Nor when somebody else listens meanwhile.
    const open = await rig.listen(0);
    await rig.advance(LIMITS.PRESENCE_MS);
    expect(open.cursors).toEqual([1]);
    for (const each of [one, two]) expect(each).toMatchObject({ cursors: [], closed: null });
    rig.trustFails = false;
    await rig.publish(...rig.log);
    expect(one).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
    expect(two).toMatchObject({ cursors: [1], closed: null });
  });

  test("that an edge lets in late by the earlier version hears nothing", async () => {
    const rig = new LiveRig();
    rig.trust = { version: 2, keys: [2] };
    await rig.listen();
    await rig.broadcast({ trustVersion: 2 });
    const late = await withToken(rig, { key: 1, trust: 1 }, 0);
    expect(late.cursors).toEqual([]);
    await settle();
    expect(late).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
    // One with a good key is asked for by what is known.
    const good = await withToken(rig, { key: 2, trust: 1 }, 0);
    await settle();
    expect(good).toMatchObject({ cursors: [1], closed: null });
    expect(rig.trustAsked).toBe(1);
  });

  test("of a deleted app is told to stop", async () => {
    const rig = new LiveRig();
    const listener = await withToken(rig);
    rig.trust = null;
    await rig.broadcast({ trustVersion: 2 });
    expect(listener).toMatchObject({ cursors: [], closed: "live_closed" });
  });

  test("hears what an older mesh sends, which does not say its version", async () => {
    const rig = new LiveRig();
    const listener = await withToken(rig);
    await rig.node.publish({ tag: "news", entries: [await rig.broadcast({}, true)] });
    expect(listener).toMatchObject({ cursors: [1], closed: null });
  });
});

describe("S11 the access of a tag", () => {
  test("that is closed ends every listener, and tells it to stop", async () => {
    const rig = new LiveRig();
    const all = [await rig.listen(), await withToken(rig)];
    await rig.node.access("closed");
    for (const each of all) expect(each.closed).toBe("live_closed");
  });

  test("that wants a token ends those that showed none", async () => {
    const rig = new LiveRig();
    const [open, token] = [await rig.listen(), await withToken(rig)];
    await rig.node.access("token");
    expect(open.closed).toBe("listen_token_invalid");
    expect(token.closed).toBeNull();
    await rig.node.access("open");
    expect(token.closed).toBeNull();
  });

  test("comes with each broadcast too, and before it", async () => {
    const rig = new LiveRig();
    const [open, token] = [await rig.listen(), await withToken(rig)];
    rig.access = "token";
    await rig.broadcast();
    expect(open).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
    expect(token).toMatchObject({ cursors: [1], closed: null });
    // An edge that had cached the earlier access.
    const late = await rig.listen();
    await rig.broadcast();
    expect(late).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
    rig.access = "closed";
    await rig.broadcast();
    expect(token).toMatchObject({ cursors: [1, 2], closed: "live_closed" });
  });

  test("comes with the root's answer to a node that slept", async () => {
    const rig = new LiveRig();
    const open = await rig.listen();
    await rig.advance(10_000);
    rig.access = "token";
    await rig.broadcast({}, true);
    rig.hibernate(open);
    const token = await withToken(rig, {}, 0);
    expect(open).toMatchObject({ cursors: [], closed: "listen_token_invalid" });
    expect(token).toMatchObject({ cursors: [1], closed: null });
  });
});
