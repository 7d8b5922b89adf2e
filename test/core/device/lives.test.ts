/** Lives of one registration, and of one membership, are told apart; what an ended one owes outlives the process. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { ReferenceNode } from "./broadcasts/reference-node.ts";
import { DEVICE_NAME, Rig } from "./support/rig.ts";

const unregister = (rig: Rig) =>
  rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });

const change = (rig: Rig, add: string[], remove: string[] = []) =>
  rig.command({ kind: "subscribe", value: { request: 7, slot: 1, add, remove } });

const JOINED = { kind: "joined", head: 0 } as const;

/** Answers all calls: joins of the tag "x" by its node. */
function answerBy(rig: Rig, node: ReferenceNode): void {
  for (let next = rig.calls[0]; next !== undefined; next = rig.calls[0]) {
    const { call } = next;
    if (call.method === "join" && call.request.tag === "x") {
      rig.answerCall({ ok: true, answer: node.join(call.request) });
    } else rig.answerCall({ ok: true, answer: call.method === "join" ? JOINED : true });
  }
}

/** In the tag "x", whose node has the member. */
function member(node: ReferenceNode): Rig {
  const rig = Rig.registered();
  rig.answerCalls();
  change(rig, ["x"]);
  answerBy(rig, node);
  expect(node.members.size).toBe(1);
  return rig;
}

describe("T1 memberships of one device in one tag", () => {
  test("T1 a leave of an earlier life that comes late removes nothing", () => {
    const node = new ReferenceNode("x");
    const rig = member(node);
    unregister(rig);
    const late = rig.calls.flatMap(({ call }) => (call.method === "leave" ? [call.request] : []));
    while (rig.calls.length > 0) rig.answerCall({ ok: false });
    rig.register("a");
    change(rig, ["x"]);
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    // Tried again: the node is asked, and has it no more.
    node.members.delete(DEVICE_NAME);
    answerBy(rig, node);
    expect(rig.take().at(-1)).toEqual({ kind: "done", value: { request: 7 } });
    expect(node.members.size).toBe(1);
    for (const request of late) node.leave(request);
    expect(node.members.size).toBe(1);
  });

  test("T1 a leave of the same life that comes late removes nothing of what was joined anew", () => {
    const node = new ReferenceNode("x");
    const rig = member(node);
    change(rig, [], ["x"]);
    const [left] = rig.calls;
    if (left?.call.method !== "leave") throw new Error("x is not being left");
    rig.answerCall({ ok: false });
    change(rig, ["x"]);
    answerBy(rig, node);
    expect(rig.take().at(-1)).toEqual({ kind: "done", value: { request: 7 } });
    node.leave(left.call.request);
    expect(node.members.size).toBe(1);
  });
});

describe("T1 a leave that a kill has cut off", () => {
  test("T1 it ends no membership that begins after the kill, however late it comes", () => {
    const node = new ReferenceNode("x");
    const rig = member(node);
    change(rig, [], ["x"]);
    const [left] = rig.calls;
    if (left?.call.method !== "leave") throw new Error("x is not being left");
    rig.restart();
    rig.connect();
    change(rig, ["x"]);
    for (let next = rig.calls[0]; next !== undefined; next = rig.calls[0]) {
      const { call } = next;
      if (call.method === "leave") rig.answerCall({ ok: true, answer: node.leave(call.request) });
      else answerBy(rig, node);
    }
    expect(rig.take()).toContainEqual({ kind: "done", value: { request: 7 } });
    expect(node.members.size).toBe(1);
    node.leave(left.call.request);
    expect(node.members.size).toBe(1);
  });
});

describe("T11 a join by the app's server of a tag that a leave before a kill may still be in", () => {
  /** Killed while it left, and offline since; the server lets it in again: the token that it waits under. */
  function asked(node: ReferenceNode) {
    const rig = member(node);
    change(rig, [], ["x"]);
    rig.restart();
    const generation = rig.generationOf("a");
    const request = { app: "a", generation, add: ["x"], remove: [] };
    const token = rig.run((context) => rig.device.setTags(request, context));
    if (typeof token !== "number") throw new Error("it is carried out already");
    return { rig, token };
  }

  test("T1 T11 T15 does not wait for the device, or for an alarm", () => {
    const node = new ReferenceNode("x");
    const { rig, token } = asked(node);
    expect(rig.calls).toMatchObject([{ call: { method: "leave" } }]);
    for (let next = rig.calls[0]; next !== undefined; next = rig.calls[0]) {
      const { call } = next;
      if (call.method === "leave") rig.answerCall({ ok: true, answer: node.leave(call.request) });
      else answerBy(rig, node);
    }
    expect(rig.answers.get(token)).toEqual({ ok: true });
    expect(node.members.size).toBe(1);
  });

  test("T11 is refused as soon as the leave fails, and carried out later all the same", () => {
    const node = new ReferenceNode("x");
    const { rig, token } = asked(node);
    rig.answerCall({ ok: false });
    expect(rig.answers.get(token)).toMatchObject({ ok: false, code: "overloaded" });
    rig.now += 3_600_000;
    rig.alarm();
    for (let next = rig.calls[0]; next !== undefined; next = rig.calls[0]) {
      const { call } = next;
      if (call.method === "leave") rig.answerCall({ ok: true, answer: node.leave(call.request) });
      else answerBy(rig, node);
    }
    expect(node.members.get(DEVICE_NAME)?.epoch).toBeGreaterThan(0);
    expect([...rig.store.tags.values()].filter(({ tag }) => tag === "x")).toHaveLength(1);
  });
});

describe("T1 joins of one device in one tag", () => {
  const joinOf = (rig: Rig) => {
    const call = rig.calls[0]?.call;
    if (call?.method !== "join") throw new Error("x is not being joined");
    return call.request;
  };

  test("T1 left and joined anew while its join is under way, it is in only when that of the new membership is answered", () => {
    const node = new ReferenceNode("x");
    const rig = Rig.registered();
    rig.answerCalls();
    change(rig, ["x"]);
    const first = joinOf(rig);
    change(rig, [], ["x"]);
    const again = { request: 8, slot: 1, add: ["x"], remove: [] };
    rig.command({ kind: "subscribe", value: again });
    rig.answerCall({ ok: true, answer: node.join(first) });
    const done = { kind: "done", value: { request: 8 } };
    expect(rig.take()).not.toContainEqual(done);
    expect(joinOf(rig).epoch).toBeGreaterThan(first.epoch ?? 0);
    answerBy(rig, node);
    expect(rig.take()).toContainEqual(done);
  });

  test("T1 one that came too late is sent anew, with more time", () => {
    const rig = Rig.registered();
    rig.answerCalls();
    change(rig, ["x"]);
    const { until = 0 } = joinOf(rig);
    expect(until).toBe(rig.now + LIMITS.JOIN_LATE_MS);
    rig.answerCall({ ok: true, answer: { kind: "late" } });
    rig.now += 60_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(joinOf(rig).until).toBe(until + 60_000);
  });
});

describe("T15 what an ended registration owes", () => {
  const owing = (): Rig => {
    const rig = Rig.registered();
    rig.answerCalls();
    rig.subscribe("x");
    rig.command({ kind: "setAlias", value: { request: 8, slot: 1, alias: "me", held: true } });
    rig.answerCalls();
    return rig;
  };
  const asked = (rig: Rig): string[] =>
    rig.answerCalls().map(({ call }) => (call.method === "join" ? "join" : call.method));

  test("T15 is asked again after a kill, by the alarm and without the device", () => {
    const rig = owing();
    unregister(rig);
    const alarmAt = rig.device.lastingDeadline;
    if (alarmAt === null) throw new Error("no alarm");
    rig.restart();
    rig.now = alarmAt;
    rig.alarm();
    expect(asked(rig).sort()).toEqual(["leave", "leave", "unset"]);
    expect(rig.store.tags.size + rig.store.aliases.size).toBe(0);
    rig.now = rig.device.lastingDeadline ?? rig.now;
    rig.alarm();
    expect(rig.device.lastingDeadline).toBeNull();
  });

  test("T15 the same where another account took the device over", () => {
    const rig = owing();
    rig.openAccount("key-1", "key-2");
    const alarmAt = rig.device.lastingDeadline;
    if (alarmAt === null) throw new Error("no alarm");
    rig.restart();
    rig.now = alarmAt;
    rig.alarm();
    const [unset] = rig.calls.filter(({ kind }) => kind === "alias");
    expect(unset?.call.request).toMatchObject({ holder: { generation: 1 } });
    expect(asked(rig).sort()).toEqual(["leave", "leave", "unset"]);
    expect(rig.store.tags.size + rig.store.aliases.size).toBe(0);
  });

  test("T15 the same where the app came back before the kill, and joined and set the same", () => {
    const rig = owing();
    unregister(rig);
    rig.register("a");
    change(rig, ["x"]);
    rig.restart();
    rig.connect();
    rig.alarm();
    const done = asked(rig);
    expect(done.filter((method) => method === "leave")).toHaveLength(2);
    expect(done.filter((method) => method === "join").length).toBeGreaterThan(0);
    expect(done).toContain("unset");
    expect([...rig.store.tags.values()].map(({ tag }) => tag).sort()).toEqual(["", "x"]);
    expect(rig.store.aliases.size).toBe(0);
  });

  test("T15 a failing answer is waited for longer each time, and not for ever", () => {
    const rig = owing();
    unregister(rig);
    let longest = 0;
    for (let n = 0; n < 20; n++) {
      while (rig.calls.length > 0) rig.answerCall({ ok: false });
      const at = rig.device.lastingDeadline;
      if (at === null) throw new Error("no alarm");
      longest = Math.max(longest, at - rig.now);
      rig.now = at;
      rig.alarm();
    }
    expect(longest).toBe(3_600_000);
    rig.answerCalls();
    expect(rig.store.tags.size).toBe(0);
  });
});
