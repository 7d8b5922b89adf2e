/** Which aliases a device holds: set, given up, taken over by another. */
import { describe, expect, test } from "vitest";
import { aliasObjectName } from "../../../../core/tag/name.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import {
  aliasFirst,
  byAlias,
  command,
  confirm,
  held,
  holding,
  ofAlias,
  rowsOf,
  settled,
  suspend,
} from "../support/holder.ts";
import { Rig } from "../support/rig.ts";

describe("the aliases of a registration", () => {
  test("A1 an alias is held once its object has answered, in 2 rows", () => {
    const rig = settled();
    expect(rig.rows(() => command(rig, "me"))).toBe(1);
    expect(rig.calls).toMatchObject([
      {
        kind: "alias",
        name: aliasObjectName("a", "me"),
        call: { method: "set", request: { ...ofAlias("me"), shared: false } },
      },
    ]);
    expect(held(rig)).toEqual([]);
    expect(rig.take()).toEqual([]);
    expect(rig.rows(() => rig.answerCalls())).toBe(1);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
    command(rig, "me");
    expect(rig.calls).toEqual([]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
    // To share it is to ask again.
    command(rig, "me", true, true);
    expect(rig.answerCalls()).toMatchObject([{ call: { request: { shared: true } } }]);
    expect(held(rig)).toEqual(["me"]);
  });

  test("an alias is given up before its object hears of it, in 2 rows; giving up one that is not held succeeds", () => {
    const rig = holding();
    expect(rig.rows(() => command(rig, "me", false))).toBe(1);
    expect(held(rig)).toEqual([]);
    expect(rig.calls.map(({ call }) => call)).toMatchObject([
      { method: "unset", request: ofAlias("me") },
    ]);
    expect(rig.rows(() => rig.answerCalls())).toBe(1);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
    const rows = rig.rows(() => {
      command(rig, "me", false);
      rig.answerCalls();
    });
    expect([rows, rowsOf(rig)]).toEqual([0, []]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
  });

  test("a set that is refused, or whose call fails, is answered with the reason, and the alias is not held", () => {
    const rig = settled();
    command(rig, "me", true, true);
    rig.answerCall({ ok: true, answer: { ok: false, code: "alias_full" } });
    command(rig, "me");
    rig.answerCall({ ok: false });
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "alias_full", request: 5 } },
      { kind: "refusal", value: { name: "overloaded", request: 5 } },
    ]);
    expect(rig.device.describe({ app: "a", generation: 1 })).toMatchObject({ aliases: [] });
  });

  test("A1 A4 an alias that another device sets counts as lost until its object has answered", () => {
    const rig = holding();
    expect(rig.rows(() => suspend(rig))).toBe(1);
    expect(rig.send(byAlias(false))).toEqual({ ok: false, code: "alias_stale" });
    expect(rig.take()).toEqual([]);
    expect(rig.rows(() => confirm(rig, false))).toBe(1);
    expect(held(rig)).toEqual([]);
    expect(rig.take()).toEqual([{ kind: "aliasLost", value: { slot: 1, alias: "me" } }]);
    suspend(rig);
    expect([rig.calls, rig.take()]).toEqual([[], []]);
  });

  test("A1 an alias that another device failed to take stays held, and the app is told nothing", () => {
    const rig = holding();
    suspend(rig);
    suspend(rig);
    // What was asked before the second suspension decides nothing.
    confirm(rig, true);
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    confirm(rig, true);
    expect(rig.send(byAlias(false))).toBeTypeOf("number");
    expect([rig.calls, held(rig)]).toEqual([[], ["me"]]);
    expect(rig.take().map(({ kind }) => kind)).not.toContain("aliasLost");
  });

  test("A1 P1.2 a suspension survives a crash, and calls that fail", () => {
    const rig = holding();
    suspend(rig);
    rig.restart();
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    rig.now += 1_000;
    rig.connect();
    const asked = rig.calls.findIndex(({ kind }) => kind === "alias");
    rig.calls.unshift(...rig.calls.splice(asked, 1));
    expect(rig.answerCall({ ok: false }).call).toMatchObject({ method: "confirm" });
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    rig.answerCalls();
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    confirm(rig, true);
    expect(rig.send(byAlias(false))).toMatchObject({ status: "queued" });
  });

  test("A1 A4 a suspension whose answer failed keeps no mail from an offline device", () => {
    const rig = holding();
    rig.lose();
    suspend(rig);
    expect(rig.answerCall({ ok: false }).call).toMatchObject({ method: "confirm" });
    // Nobody says that it is held while that is not known.
    expect(rig.device.describe({ app: "a", generation: 1 })).toMatchObject({ aliases: [] });
    rig.now += 2_000;
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    confirm(rig, true);
    expect(rig.send({ ...byAlias(false), waitMs: 0 })).toMatchObject({ status: "queued" });
    suspend(rig);
    rig.restart();
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    confirm(rig, true);
    expect(rig.send({ ...byAlias(false), waitMs: 0 })).toMatchObject({ status: "queued" });
    expect(rig.device.describe({ app: "a", generation: 1 })).toMatchObject({ aliases: ["me"] });
  });

  test.each([true, false])(
    "A1 after a set without an answer the device asks for the outcome, also after a crash (held: %s)",
    (holds) => {
      const rig = settled();
      command(rig, "me");
      rig.answerCall({ ok: false });
      expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "overloaded" } }]);
      expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
      rig.restart();
      rig.connect({ attach: [1] });
      const asked = rig.calls.findIndex(({ kind }) => kind === "alias");
      rig.calls.unshift(...rig.calls.splice(asked, 1));
      rig.take();
      confirm(rig, holds);
      expect(held(rig)).toEqual(holds ? ["me"] : []);
      expect(rig.take().map(({ kind }) => kind)).toEqual(holds ? [] : ["aliasLost"]);
    },
  );

  test("A4 a send is refused if the edge takes a shared alias for an exclusive one, or the other way round", () => {
    const rig = holding();
    const known = (shared: boolean) => ({ alias: { alias: "me", firstAckWins: false, shared } });
    expect(rig.send(known(false))).toMatchObject({ code: "alias_stale" });
    confirm(rig, true, true);
    expect(rig.send(known(true))).toBeTypeOf("number");
    suspend(rig);
    confirm(rig, true, false);
    expect(rig.send(known(true))).toMatchObject({ code: "alias_stale" });
    expect(rig.send(known(false))).toBeTypeOf("number");
  });

  test("A1 a suspended alias may be set again, and given up", () => {
    const rig = holding();
    suspend(rig);
    command(rig, "me");
    confirm(rig, false);
    rig.answerCalls();
    expect(rig.send(byAlias(false))).toBeTypeOf("number");
    suspend(rig);
    command(rig, "me", false);
    expect(held(rig)).toEqual([]);
    rig.answerCalls();
    expect(held(rig)).toEqual([]);
  });

  test("A1 an alias that is taken while it is being set is asked for again: the answer may be older", () => {
    const rig = settled();
    command(rig, "me");
    suspend(rig);
    rig.answerCall({ ok: true, answer: { ok: true } });
    expect(held(rig)).toEqual([]);
    expect(rig.take()).toEqual([]);
    rig.answerCalls();
    expect(held(rig)).toEqual(["me"]);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
  });

  test("an alias that is taken each time it is set is given up in the end", () => {
    const rig = settled();
    command(rig, "me");
    for (let n = 0; n < 3; n++) {
      suspend(rig);
      rig.answerCall({ ok: true, answer: { ok: true } });
    }
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "alias_stale" } }]);
    expect(rig.answerCalls()).toMatchObject([{ call: { method: "unset" } }]);
    expect(held(rig)).toEqual([]);
  });

  test("an alias has one call at a time", () => {
    const rig = settled();
    command(rig, "me");
    command(rig, "me", false);
    expect(rig.calls).toHaveLength(1);
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["set", "unset"]);
    expect(held(rig)).toEqual([]);
  });

  test("two commands that set the same alias make one call", () => {
    const rig = settled();
    command(rig, "me");
    command(rig, "me");
    expect(rig.answerCalls()).toHaveLength(1);
    expect(rig.take()).toHaveLength(2);
    command(rig, "you");
    command(rig, "you", true, true);
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "alias_stale" } }]);
  });

  test.each([
    ["empty", "", "alias_invalid"],
    ["128 bytes", "ü".repeat(64), null],
    ["129 bytes", `${"ü".repeat(64)}x`, "alias_invalid"],
  ])("P4.4 P8.1 %s", (_, alias, code) => {
    const rig = settled();
    command(rig, alias);
    rig.answerCalls();
    const [frame] = rig.take();
    expect(frame?.kind === "refusal" ? frame.value.name : null).toBe(code);
  });

  test("P8.1 a registration holds at most 16 aliases, including those that are being set", () => {
    const rig = settled();
    for (let n = 0; n < LIMITS.ALIASES; n++) command(rig, `a${n}`);
    command(rig, "more");
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "too_many_aliases" } }]);
    rig.answerCalls();
    expect(held(rig)).toHaveLength(LIMITS.ALIASES);
    rig.take();
    command(rig, "more");
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "too_many_aliases" } }]);
  });

  test("the app's server sets aliases too, and its wait is bounded", () => {
    const rig = Rig.offline();
    rig.answerCalls();
    const request = { app: "a", generation: 1, alias: "me", held: true, shared: false };
    const token = rig.run((context) => rig.device.setAlias(request, context));
    expect(rig.timeout(Number(token))).toMatchObject({ ok: false, code: "overloaded" });
    rig.answerCalls();
    expect(held(rig)).toEqual(["me"]);
    const invalid = { ...request, alias: "\ud800" };
    expect(rig.run((context) => rig.device.setAlias(invalid, context))).toMatchObject({
      code: "alias_invalid",
    });
  });

  test("the aliases of an ended registration are given up, also after a crash and a failed call", () => {
    const rig = holding();
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    expect(rowsOf(rig)).toEqual(["me"]);
    rig.restart();
    rig.now += 1_000;
    rig.connect();
    aliasFirst(rig);
    const unset = { method: "unset", request: ofAlias("me") };
    expect(rig.answerCall({ ok: false }).call).toMatchObject(unset);
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls().map(({ call }) => call.method)).toContain("unset");
    expect(rowsOf(rig)).toEqual([]);
  });

  test("an alias that is set again is not given up by an earlier unset that is still to be done", () => {
    const rig = holding();
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    const unset = rig.calls.findIndex(({ kind }) => kind === "alias");
    rig.calls.unshift(...rig.calls.splice(unset, 1));
    rig.answerCall({ ok: false });
    rig.answerCalls();
    rig.register("a");
    command(rig, "me");
    rig.answerCalls();
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    // What is given up late is the holding of the life before.
    expect(rig.answerCalls().map(({ call }) => call)).toMatchObject([
      { method: "unset", request: { holder: { generation: 1 } } },
    ]);
    expect(held(rig)).toEqual(["me"]);
    rig.restart();
    expect(rig.device.describe({ app: "a", generation: 1 + 2 ** 32 })).toMatchObject({
      aliases: ["me"],
    });
  });

  test("the aliases of a replaced account are given up under its own generation", () => {
    const rig = holding();
    rig.lose();
    rig.openAccount("key-1", "key-2");
    const calls = rig.answerCalls().filter(({ kind }) => kind === "alias");
    expect(calls).toMatchObject([{ call: { method: "unset", request: ofAlias("me") } }]);
    expect(rowsOf(rig)).toEqual([]);
  });
});
