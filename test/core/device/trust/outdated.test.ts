/** What comes for a registration under a later version of its app's trust than it was judged by. */
import { describe, expect, test } from "vitest";
import { grantMark } from "../../../../core/app/denials.ts";
import type { HeldGrant } from "../../../../core/app/grant.ts";
import { tagIdOf } from "../../../../core/tag/name.ts";
import type { AppTrust } from "../../../../core/trust/app-trust.ts";
import { DEFAULT_POLICY, OPEN_POLICY } from "../../../../core/trust/policy.ts";
import { broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { inX, outcome, page, reconnect } from "../support/in-tag.ts";
import { OPEN } from "../support/open-app.ts";
import { Rig, START_MS } from "../support/rig.ts";

const GRANT: HeldGrant = {
  ...{ jti: "g1", kid: "k1", exp: START_MS / 1_000 + 3_600, attributes: {} },
  ...{ aliases: [], tags: [{ prefix: "x" }] },
};
const TRUST: AppTrust = {
  version: 2,
  policy: DEFAULT_POLICY,
  keys: ["k1"],
  revoked: [],
  closedTags: [],
};
const OUTDATED = { ok: false, code: "trust_outdated" };
const kinds = (rig: Rig) => rig.take().map(({ kind }) => kind);
const standing = (rig: Rig) => rig.store.listRegistrations()[0]?.standing;

/** Online by a grant, judged by version 1 of its app's trust. */
function granted(rig = Rig.online()): Rig {
  rig.keepsAppCalls = true;
  rig.answerCalls();
  rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "a.b.c" } });
  const policy = { alias: [], tag: [] };
  const answer = { ...OPEN, trustVersion: 1, grant: GRANT, policy };
  rig.answerCall({ ok: true, answer });
  rig.answerCalls();
  rig.take();
  return rig;
}

describe("a message", () => {
  test("S6 is not taken before its sender has said what the app trusts by now: nothing is written, sent or remembered", () => {
    const rig = granted();
    expect(rig.rows(() => expect(rig.send({ key: "m", trustVersion: 2 })).toEqual(OUTDATED))).toBe(
      0,
    );
    expect(rig.take()).toEqual([]);
    expect(rig.calls).toEqual([]);
    expect(rig.statusOf("m", 2)).toBe("message_not_found");
  });

  test("S6 of a registration that may still receive is delivered, for one row once, and none from then on", () => {
    const rig = granted();
    const send = (fields = {}) => rig.sendAndWait({ trustVersion: 2, ...fields });
    expect(rig.rows(() => send({ trust: TRUST }))).toBe(1);
    expect(rig.takeAndAck()).toHaveLength(1);
    expect(rig.rows(() => send())).toBe(0);
    expect(rig.takeAndAck()).toHaveLength(1);
    expect(standing(rig)).toMatchObject({ version: 2, lapsed: null });
    rig.restart();
    rig.connect({ attach: [1] });
    rig.take();
    expect(rig.rows(() => send())).toBe(0);
  });

  test.each([
    ["no version, as an edge of before", {}],
    ["an earlier version, as an edge whose record is older", { trustVersion: 0 }],
    ["the version that it was judged by", { trustVersion: 1 }],
  ])("S6 with %s costs nothing more", (_, fields) => {
    const rig = granted();
    expect(rig.rows(() => rig.sendAndWait(fields))).toBe(0);
    expect(rig.takeAndAck()).toHaveLength(1);
  });

  test.each([
    ["whose key is revoked", { ...TRUST, keys: ["k2"] }, "grant_invalid"],
    ["that is revoked", { ...TRUST, revoked: [grantMark("g1")] }, "grant_invalid"],
  ])("S6 of a grant %s waits, and the device is told why", (_, trust, lapsed) => {
    const rig = granted();
    expect(rig.queue({ key: "m", trustVersion: 2, trust })).toMatchObject({ status: "queued" });
    expect(rig.take()).toMatchObject([
      { kind: "registered", value: { request: 0, registration: { slot: 1, lapsed: true } } },
    ]);
    expect(rig.send({ key: "now", ttlSeconds: 0, trustVersion: 2 })).toMatchObject({
      status: "expired",
    });
    expect(standing(rig)).toMatchObject({ version: 2, lapsed });
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
    // Its app gave it another one.
    rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "d.e.f" } });
    rig.calls.splice(0, rig.calls.length - 1);
    const renewed = { ...OPEN, trustVersion: 2, grant: { ...GRANT, jti: "g2", kid: "k2" } };
    rig.answerCall({ ok: true, answer: renewed });
    expect(rig.takeMessages()).toHaveLength(1);
  });

  test("S6 waits for a registration without a grant once the policy wants one, and comes once it wants none", () => {
    const rig = Rig.online();
    rig.answerCalls();
    const closed = { ...TRUST, version: 1 };
    expect(rig.queue({ trustVersion: 1, trust: closed })).toMatchObject({ status: "queued" });
    expect(kinds(rig)).toEqual(["registered"]);
    expect(standing(rig)).toMatchObject({ lapsed: "grant_required" });
    const open = { version: 2, policy: OPEN_POLICY, keys: [], revoked: [], closedTags: [] };
    rig.sendAndWait({ trustVersion: 2, trust: open });
    const frames = rig.take();
    expect(frames.filter(({ kind }) => kind === "registered")).toMatchObject([
      { value: { registration: { slot: 1 } } },
    ]);
    expect(
      frames.flatMap((frame) => (frame.kind === "deliver" ? frame.value.messages : [])),
    ).toHaveLength(2);
  });

  test("S6 is judged in a sleep's and in an absence's end, too", () => {
    const rig = granted();
    rig.hibernate();
    expect(rig.send({ trustVersion: 2 })).toEqual(OUTDATED);
    rig.lose();
    expect(rig.send({ trustVersion: 2 })).toEqual(OUTDATED);
    rig.queue({ trustVersion: 2, trust: { ...TRUST, keys: [] } });
    rig.connect({ attach: [1] });
    expect(rig.takeMessages()).toEqual([]);
  });

  test("S6 under a version that goes back with a clock is judged once, not for ever", () => {
    const rig = granted();
    rig.sendAndWait({ trustVersion: 3, trust: TRUST });
    rig.sendAndWait({ trustVersion: 3 });
    expect(rig.takeAndAck()).toHaveLength(2);
  });

  test("S4 S5 a policy that came with a message takes away what it forbids, and decides about no later command", () => {
    const rig = granted(inX());
    const policy = { ...DEFAULT_POLICY, tag: [{ prefix: "x", rule: "server" as const }] };
    rig.sendAndWait({ trustVersion: 2, trust: { ...TRUST, policy } });
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["leave"]);
    rig.answerCalls();
    rig.command({ kind: "subscribe", value: { request: 3, slot: 1, add: ["x"], remove: [] } });
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["admit"]);
  });
});

test("S6 a lapsed registration still describes itself, reports attributes and publishes its key: they are its own, and it may be renewed", () => {
  const rig = granted();
  rig.queue({ trustVersion: 2, trust: { ...TRUST, keys: [] } });
  rig.take();
  const publicKey = new Uint8Array(65).fill(4);
  const key = { request: 4, slot: 1, publicKey, auth: new Uint8Array(16) };
  rig.command({ kind: "describe", value: { request: 2, slot: 1 } });
  rig.command({ kind: "report", value: { request: 3, slot: 1, platform: "web" } });
  rig.command({ kind: "publishKey", value: key });
  const kinds = rig
    .take()
    .map(({ kind, value }) => [kind, (value as { request?: number }).request]);
  expect(kinds).toEqual([
    ["described", 2],
    ["done", 3],
    ["done", 4],
  ]);
  const described = rig.run(() => rig.device.describe({ app: "a", generation: 1 }));
  expect(described).toMatchObject({ ok: true, attributes: { platform: "web" } });
  expect(rig.takeMessages()).toEqual([]);
});

describe("a closed tag", () => {
  const closed = { ...TRUST, policy: OPEN_POLICY, closedTags: ["x"] };

  test("S12 is left by a device that joined it by itself, whatever its grant says, and not by one that the server put there", () => {
    const rig = granted(inX());
    rig.run((context) =>
      rig.device.setTags({ app: "a", generation: 1, add: ["y"], remove: [] }, context),
    );
    rig.answerCalls();
    rig.sendAndWait({ trustVersion: 2, trust: { ...closed, closedTags: ["x", "y"] } });
    const left = rig.calls.map(({ name, call }) => [name.split(".")[1], call.method]);
    expect(left).toEqual([[tagIdOf("a", "x"), "leave"]]);
  });

  test("S12 S3 is joined by no device that joins by itself", () => {
    const rig = granted();
    rig.sendAndWait({ trustVersion: 2, trust: closed });
    rig.take();
    rig.command({ kind: "subscribe", value: { request: 3, slot: 1, add: ["x"], remove: [] } });
    const answer = { ...OPEN, trustVersion: 2, grant: GRANT };
    rig.answerCall({
      ok: true,
      answer: { ...answer, policy: { ...OPEN_POLICY, closedTags: ["x"] } },
    });
    expect(rig.take()).toMatchObject([
      {
        kind: "refusal",
        value: { request: 3, name: "not_granted", message: expect.stringContaining("x") },
      },
    ]);
    expect(rig.calls).toEqual([]);
  });
});

describe("a broadcast", () => {
  const sent = (position: number) => entry(position, { trustVersion: 2 });

  test("S6 waits until its node has said what the app trusts", () => {
    const rig = granted(inX());
    const request = { trustVersion: 2 };
    expect(deliver(rig, [sent(1)], request)).toEqual(OUTDATED);
    expect(rig.take()).toEqual([]);
    expect(rig.rows(() => deliver(rig, [sent(1)], { ...request, trust: TRUST }))).toBe(1);
    expect(broadcastsIn(rig.take())).toHaveLength(1);
    expect(rig.rows(() => deliver(rig, [sent(2)], request))).toBe(0);
    expect(broadcastsIn(rig.take())).toHaveLength(1);
  });

  test("S6 does not come to a registration that lost its right; renewed, it fetches it", () => {
    const rig = granted(inX());
    const trust = {
      ...TRUST,
      policy: { ...DEFAULT_POLICY, tag: [{ prefix: "x", rule: "open" as const }] },
      keys: [],
    };
    const answer = deliver(rig, [sent(1)], { trustVersion: 2, trust });
    expect(outcome(rig, answer)).toBe("offline");
    expect(kinds(rig)).toEqual(["registered"]);
    rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "d.e.f" } });
    const policy = { alias: [], tag: [{ prefix: "x", rule: "open" as const }] };
    rig.answerCall({
      ok: true,
      answer: { ...OPEN, trustVersion: 2, grant: { ...GRANT, kid: "k2" }, policy },
    });
    page(rig, [], 0);
    expect(page(rig, [sent(1)], 1)).toBe(0);
    expect(broadcastsIn(rig.take())).toHaveLength(1);
  });

  test("S5 does not come by a tag that a tightened policy took away", () => {
    const rig = granted(inX());
    const policy = { ...OPEN_POLICY, tag: [{ prefix: "", rule: "server" as const }] };
    const answer = deliver(rig, [sent(1)], { trustVersion: 2, trust: { ...TRUST, policy } });
    expect(outcome(rig, answer)).toBe("unknown");
    expect(broadcastsIn(rig.take())).toEqual([]);
  });

  test("S6 of a node of before comes as it did", () => {
    const rig = granted(inX());
    deliver(rig, [sent(1)]);
    expect(broadcastsIn(rig.take())).toHaveLength(1);
  });

  test("S6 that was missed is judged by what comes with its page", () => {
    const rig = granted(inX());
    reconnect(rig);
    const [call] = rig.calls;
    expect(call?.call).toMatchObject({ method: "attach", request: { trustVersion: 1 } });
    const lost = { ...TRUST, keys: [] };
    rig.answerCall({
      ok: true,
      answer: { kind: "attached", upTo: 1, more: false, entries: [sent(1)], trust: lost },
    });
    expect(kinds(rig)).toEqual(["registered"]);
    expect(standing(rig)).toMatchObject({ version: 2, lapsed: "grant_invalid" });
  });

  test("S19 that is the end of the app comes to a registration that lapses with its page, too", () => {
    const rig = granted(inX());
    reconnect(rig);
    const end = { ...entry(2), ends: true };
    const lost = { ...TRUST, keys: [] };
    rig.answerCall({
      ok: true,
      answer: { kind: "attached", upTo: 2, more: false, entries: [sent(1), end], trust: lost },
    });
    expect(kinds(rig)).toEqual(["removed"]);
    expect(rig.send({ app: "a", waitMs: 0 })).toEqual({ ok: false, code: "unregistered" });
  });

  test("S6 that was missed comes to a registration that may still receive", () => {
    const rig = granted(inX());
    reconnect(rig);
    rig.answerCall({
      ok: true,
      answer: { kind: "attached", upTo: 1, more: false, entries: [sent(1)], trust: TRUST },
    });
    expect(broadcastsIn(rig.take())).toHaveLength(1);
  });
});
