import { describe, expect, test } from "vitest";
import { devicePath, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { DEVICE_NAME, Rig } from "../support/rig.ts";

const nodeOf = (tag: string, path = "") =>
  nodeObjectName({ app: "a", tagId: tagIdOf("a", tag), path });

/** Registered, with its calls answered. */
function settled(): Rig {
  const rig = Rig.registered();
  rig.answerCalls();
  return rig;
}

const change = (rig: Rig, add: string[], remove: string[] = [], request = 7) =>
  rig.command({ kind: "subscribe", value: { request, slot: 1, add, remove } });

describe("tags", () => {
  test("every registration joins the tag of all devices by itself", () => {
    const rig = Rig.registered();
    expect(rig.calls).toMatchObject([
      {
        kind: "tag",
        name: nodeOf(""),
        call: { method: "join", request: { tag: "", find: false } },
      },
    ]);
    expect([...rig.store.tags.values()]).toMatchObject([{ slot: 1, tag: "", path: "" }]);
  });

  test("one whose join failed is joined at the next hello at the latest", () => {
    const rig = Rig.registered();
    rig.answerCall({ ok: false });
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.answerCall({ ok: true, answer: { kind: "unknown" } }).call.method).toBe("attach");
    expect(rig.answerCalls().map(({ call }) => call)).toMatchObject([
      { method: "join", request: { find: true } },
      { method: "attach", request: { after: null } },
    ]);
  });

  test("a registration from before there were tags joins it too", () => {
    const rig = settled();
    rig.store.tags.clear();
    rig.restart();
    rig.connect();
    expect(rig.answerCalls()).toMatchObject([{ name: nodeOf(""), call: { method: "join" } }]);
  });

  test("a command is answered when its last node was, and not before", () => {
    const rig = settled();
    change(rig, ["x", "y"]);
    expect(rig.calls.map(({ name }) => name)).toEqual([nodeOf("x"), nodeOf("y")]);
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 3 } });
    expect(rig.take()).toEqual([]);
    rig.answerCalls();
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 7 } }]);
    // What is joined stays as it is.
    change(rig, ["x"]);
    expect(rig.calls).toEqual([]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 7 } }]);
    change(rig, [], ["x", "never"]);
    expect(rig.answerCalls().map(({ name, call }) => [name, call])).toMatchObject([
      [nodeOf("x"), { method: "leave", request: { device: DEVICE_NAME } }],
    ]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 7 } }]);
    expect([...rig.store.tags.values()].map(({ tag }) => tag)).toEqual(["", "y"]);
  });

  test("P6.5 a join writes 1 row where its node was expected, and 2 where it was another", () => {
    const rig = settled();
    expect(rig.rows(() => rig.subscribe("x"))).toBe(1);
    const rows = rig.rows(() => {
      change(rig, ["y"]);
      const digit = devicePath(DEVICE_NAME, 1);
      rig.answerCall({ ok: true, answer: { kind: "child", digit, born: 5 } });
      expect(rig.calls).toMatchObject([
        { name: nodeOf("y", digit), call: { request: { born: 5 } } },
      ]);
      rig.answerCalls();
    });
    expect(rows).toBe(2);
    // That it is being left outlasts a kill.
    expect(rig.rows(() => change(rig, [], ["y"]))).toBe(1);
    expect(rig.rows(() => rig.answerCalls())).toBe(1);
  });

  test("T3 the next join begins at the depth that was learned, and nearer to the root where that is not there", () => {
    const rig = settled();
    change(rig, ["x"]);
    const path = devicePath(DEVICE_NAME, 1);
    rig.answerCall({ ok: true, answer: { kind: "child", digit: path, born: 0 } });
    rig.answerCalls();
    change(rig, [], ["x"]);
    rig.answerCalls();
    change(rig, ["x"]);
    expect(rig.answerCall({ ok: true, answer: { kind: "unborn" } }).name).toBe(nodeOf("x", path));
    expect(rig.answerCalls()).toMatchObject([
      { name: nodeOf("x"), call: { request: { born: null } } },
    ]);
    expect([...rig.store.tags.values()].at(-1)).toMatchObject({ tag: "x", path: "" });
  });

  test("P8.5 a command of many tags is answered after 10 s, what is done stays, and the same one goes on from there", () => {
    const rig = settled();
    const joined = { ok: true, answer: { kind: "joined", head: 3 } } as const;
    const tags = Array.from({ length: 10 }, (_, n) => `t${n}`);
    change(rig, tags);
    rig.answerCall(joined);
    rig.now += LIMITS.COMMAND_MS - 1;
    rig.answerCall(joined);
    expect(rig.take()).toEqual([]);
    rig.now += 1;
    rig.answerCall(joined);
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { request: 7, name: "overloaded", retryAfterMs: 1_000 } },
    ]);
    // The same again: those that are joined are not asked.
    change(rig, tags, [], 8);
    const names = rig.answerCalls().map(({ name }) => name);
    expect(names).toEqual(tags.slice(3).map((tag) => nodeOf(tag)));
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 8 } }]);
  });

  test("a failed call refuses the command; the join is tried again when the device does something", () => {
    const rig = settled();
    change(rig, ["x"]);
    rig.answerCall({ ok: false });
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "overloaded", request: 7, retryAfterMs: 1_000 } },
    ]);
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls()).toMatchObject([
      { call: { method: "join", request: { find: true } } },
    ]);
  });

  test("T1 what a failed join may have joined is looked for before it is called left", () => {
    const rig = settled();
    change(rig, ["x"]);
    rig.answerCall({ ok: false });
    rig.take();
    change(rig, [], ["x"]);
    expect(rig.answerCall({ ok: true, answer: false }).call.method).toBe("leave");
    expect(rig.take()).toEqual([]);
    expect(rig.answerCalls()).toMatchObject([
      { call: { method: "join", request: { find: true } } },
      { call: { method: "leave" } },
    ]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 7 } }]);
    expect(rig.store.tags.size).toBe(1);
  });

  test("one that is joined again while it is left gets nothing of what came between", () => {
    const rig = settled();
    rig.subscribe("x");
    change(rig, [], ["x"]);
    change(rig, ["x"]);
    rig.answerCall({ ok: true, answer: true });
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 5 } });
    rig.command({ kind: "attach", value: { slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call)).toContainEqual({
      method: "attach",
      request: { device: DEVICE_NAME, after: 5, epoch: expect.any(Number), since: rig.now },
    });
  });

  test("an answer for a link that is gone is not given to the next one", () => {
    const rig = settled();
    change(rig, ["x"]);
    rig.lose();
    rig.connect();
    rig.take();
    rig.answerCalls();
    expect(rig.take()).toEqual([]);
    expect(rig.store.tags.size).toBe(2);
  });

  test("P8.1 six calls are under way at once", () => {
    const rig = settled();
    change(
      rig,
      Array.from({ length: 20 }, (_, n) => `t${n}`),
    );
    expect(rig.calls).toHaveLength(LIMITS.TAG_CALLS);
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 0 } });
    expect(rig.calls).toHaveLength(LIMITS.TAG_CALLS);
    rig.answerCalls();
    expect(rig.store.tags.size).toBe(21);
  });

  test.each([
    ["empty", [""], "tag_invalid"],
    ["128 bytes", ["ü".repeat(64)], null],
    ["129 bytes", [`${"ü".repeat(64)}a`], "tag_invalid"],
    ["100 at once", Array.from({ length: 100 }, (_, n) => `${n}`), null],
    ["101 at once", Array.from({ length: 101 }, (_, n) => `${n}`), "too_many_tags"],
  ])("P4.4 P8.1 %s", (_, tags, code) => {
    const rig = settled();
    rig.subscribe(...tags);
    const [frame] = rig.take();
    if (code === null) expect(frame?.kind).toBe("done");
    else {
      expect(frame).toMatchObject({ kind: "refusal", value: { name: code, request: 50 } });
      expect(rig.store.tags.size).toBe(1);
    }
  });

  test("P8.1 a registration is in 2,000 tags, and in no more", () => {
    const rig = settled();
    const tags = Array.from({ length: LIMITS.TAGS }, (_, n) => `t${n}`);
    const set = (add: string[], remove: string[] = []) => {
      const request = { app: "a", generation: 1, add, remove };
      return rig.run((context) => rig.device.setTags(request, context));
    };
    const token = set(tags);
    rig.answerCalls();
    expect(rig.answers.get(Number(token))).toEqual({ ok: true });
    expect(set(["more"])).toMatchObject({ ok: false, code: "too_many_tags" });
    expect(typeof set(["other"], ["t0"])).toBe("number");
    rig.answerCalls();
    expect(rig.store.tags.size).toBe(LIMITS.TAGS + 1);
  });

  test("P8.1 one that changes its mind faster than nodes answer has to wait for them", () => {
    const rig = settled();
    const set = (add: string[], remove: string[] = []) => {
      const request = { app: "a", generation: 1, add, remove };
      return rig.run((context) => rig.device.setTags(request, context));
    };
    const named = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => `t${from + n}`);
    set(named(0, LIMITS.TAGS));
    rig.answerCalls();
    set([], named(0, LIMITS.TAGS));
    // No node answers: each is asked again later, so that the next join comes at once.
    while (rig.calls.length > 0) rig.answerCall({ ok: false });
    // At the bound it goes on; past it, not even what is left already is taken back.
    expect(typeof set(["one"])).toBe("number");
    set([], ["one"]);
    expect(set(["two"])).toMatchObject({ ok: false, code: "overloaded", retryAfterMs: 1_000 });
    rig.now += 60_000;
    rig.alarm();
    rig.answerCalls();
    expect(typeof set(["two"])).toBe("number");
    rig.answerCalls();
    expect(rig.store.tags.size).toBe(2);
  });

  test("P8.3 joins that wait behind others are taken back when the tags are left, and when the registration ends", () => {
    const rig = settled();
    const named = Array.from({ length: 100 }, (_, n) => `t${n}`);
    const subscribe = (add: string[], remove: string[]) =>
      rig.command({ kind: "subscribe", value: { request: 50, slot: 1, add, remove } });
    subscribe(named, []);
    expect(rig.calls).toHaveLength(6);
    subscribe([], named.slice(0, 50));
    rig.command({ kind: "unregister", value: { request: 51, slot: 1 } });
    const joined = rig.answerCalls().filter(({ call }) => call.method === "join");
    expect(joined).toHaveLength(6);
    expect(rig.store.tags.size).toBe(0);
  });

  test("P8.3 a join that the host did not even make leaves nothing to look for", () => {
    const rig = settled();
    rig.command({
      kind: "subscribe",
      value: { request: 50, slot: 1, add: ["x"], remove: [] },
    });
    rig.answerCall({ ok: false, isUnmade: true });
    rig.command({
      kind: "subscribe",
      value: { request: 51, slot: 1, add: [], remove: ["x"] },
    });
    expect(rig.calls).toEqual([]);
    expect(rig.store.tags.size).toBe(1);
  });

  test("S15 a registration joins the tag of all devices before what it asked for earlier, so that its app finds it", () => {
    const rig = settled();
    const add = Array.from({ length: 100 }, (_, n) => `t${n}`);
    rig.command({ kind: "subscribe", value: { request: 50, slot: 1, add, remove: [] } });
    rig.register("b");
    rig.answerCall({ ok: true, answer: { kind: "joined", head: 0 } });
    const last = rig.calls.at(-1);
    expect(last?.call).toMatchObject({ method: "join", request: { tag: "" } });
  });

  test("P8.1 what does not fit into one frame is described in several", () => {
    const rig = settled();
    const tags = Array.from({ length: 900 }, (_, n) => `${n}`.padEnd(LIMITS.TAG_BYTES, "."));
    const request = { app: "a", generation: 1, add: tags, remove: [] };
    rig.run((context) => rig.device.setTags(request, context));
    rig.answerCalls();
    rig.command({ kind: "describe", value: { request: 4, slot: 1 } });
    const parts = rig.take();
    const values = parts.flatMap((part) => (part.kind === "described" ? [part.value] : []));
    expect(values.flatMap((value) => value.tags)).toEqual(tags);
    expect(values.map(({ more }) => more ?? false)).toEqual([true, true, true, false]);
  });

  test("a server that waits too long is answered; a registration that is none is refused", () => {
    const rig = Rig.offline();
    rig.answerCalls();
    const request = { app: "a", generation: 1, add: ["x"], remove: [] };
    const token = rig.run((context) => rig.device.setTags(request, context));
    expect(rig.timeout(Number(token))).toMatchObject({ ok: false, code: "overloaded" });
    rig.answerCalls();
    expect(rig.run((context) => rig.device.setTags(request, context))).toEqual({
      ok: true,
    });
    const foreign = { ...request, generation: 2 };
    expect(rig.run((context) => rig.device.setTags(foreign, context))).toEqual({
      ok: false,
      code: "unregistered",
    });
  });

  test("T13 a device that is offline is described as it is", () => {
    const rig = settled();
    rig.subscribe("x");
    const name = { app: "a", generation: 1 };
    expect(rig.device.describe(name)).toEqual({
      ok: true,
      tags: ["x"],
      aliases: [],
      attributes: null,
      encryptionKey: null,
      connected: true,
      lastSeenAt: null,
      pushEnabled: true,
    });
    rig.lose();
    expect(rig.device.describe(name)).toMatchObject({ connected: false });
    expect(rig.device.describe({ app: "b", generation: 1 })).toMatchObject({
      code: "unregistered",
    });
  });
});

describe("ends of registrations", () => {
  const leaves = (rig: Rig) =>
    rig
      .answerCalls()
      .map(({ name, call }) => `${call.method} ${name}`)
      .sort();

  test("an unregistered one leaves its tags; its rows go when the nodes have answered", () => {
    const rig = settled();
    rig.subscribe("x");
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    expect(rig.take().at(-1)?.kind).toBe("unregistered");
    expect(rig.store.tags.size).toBe(2);
    expect(leaves(rig)).toEqual([`leave ${nodeOf("")}`, `leave ${nodeOf("x")}`].sort());
    expect(rig.store.tags.size).toBe(0);
  });

  test("T1 what a crash left of it is left after the restart", () => {
    const rig = settled();
    rig.subscribe("x");
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    rig.restart();
    rig.now += 1_000;
    rig.connect();
    expect(leaves(rig)).toHaveLength(2);
    expect(rig.store.tags.size).toBe(0);
  });

  test("one that comes back at once inherits nothing, and joins when the node has let it go", () => {
    const rig = settled();
    rig.subscribe("x");
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    rig.register("a");
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["leave", "leave"]);
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["leave", "leave", "join"]);
    expect([...rig.store.tags.values()].map(({ tag }) => tag)).toEqual([""]);
    const name = { app: "a", generation: rig.generationOf("a") };
    expect(rig.device.describe(name)).toMatchObject({ tags: [] });
  });

  test("those of a replaced account leave, and another's joins look for what they left behind", () => {
    const rig = settled();
    rig.subscribe("x");
    rig.lose();
    rig.openAccount("key-1", "key-2");
    expect(rig.store.tags.size).toBe(2);
    rig.publicKey = "key-2";
    rig.connect();
    rig.register("a");
    expect(rig.answerCalls()).toMatchObject([
      { call: { method: "leave" } },
      { call: { method: "leave" } },
      { call: { method: "join", request: { find: true } } },
    ]);
    expect(rig.store.tags.size).toBe(1);
  });
});
