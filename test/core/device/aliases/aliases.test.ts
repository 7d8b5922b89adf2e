import { describe, expect, test } from "vitest";
import type { SendRequest } from "../../../../core/message/send.ts";
import { aliasObjectName } from "../../../../core/tag/name.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { DEVICE_NAME, keyOf, Rig, type SendFields } from "../support/rig.ts";

const holder = { device: DEVICE_NAME, generation: 1 };
const ofAlias = (alias: string) => ({ app: "a", alias, holder });

/** Online, with its calls answered. */
function settled(): Rig {
  const rig = Rig.online();
  rig.answerCalls();
  rig.take();
  return rig;
}

function command(rig: Rig, alias: string, held = true, shared?: boolean): void {
  const value = { request: 5, slot: 1, alias, held, ...(shared === undefined ? {} : { shared }) };
  rig.command({ kind: "setAlias", value });
}

/** Holds "me", shared. */
function holding(): Rig {
  const rig = settled();
  command(rig, "me", true, true);
  rig.answerCalls();
  rig.take();
  return rig;
}

const suspend = (rig: Rig, alias = "me") =>
  rig.run((now, effects) =>
    rig.device.suspendAlias({ app: "a", generation: 1, alias }, now, effects),
  );

/** The alias answers what a suspended holder asked. */
const confirm = (rig: Rig, holds: boolean, shared = true) => {
  const { call } = rig.answerCall({ ok: true, answer: { holds, shared } });
  expect(call).toMatchObject({ method: "confirm", request: ofAlias("me") });
};

const withdraw = (rig: Rig, key: string) =>
  rig.run((now, effects) =>
    rig.device.withdraw({ app: "a", generation: 1, key: keyOf(key) }, now, effects),
  );

const rowsOf = (rig: Rig) => [...rig.store.aliases.values()].map(({ alias }) => alias);

/** What the standing registration says that it holds. */
const held = (rig: Rig) => {
  const answer = rig.device.describe({ app: "a", generation: rig.generationOf("a") });
  return answer.ok ? answer.aliases : answer.code;
};

/** The one call that waits is of an alias, and is answered first. */
function aliasFirst(rig: Rig): void {
  const at = rig.calls.findIndex(({ kind }) => kind === "alias");
  rig.calls.unshift(...rig.calls.splice(at, 1));
}

const byAlias = (
  firstAckWins: boolean,
  fields: SendFields = {},
): SendFields & Pick<SendRequest, "alias"> => ({ ...fields, alias: { alias: "me", firstAckWins } });

describe("aliases", () => {
  test("A1 one is held from the answer of its alias on, in 2 rows", () => {
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

  test("one is given up before its alias hears of it, in 2 rows; that it is not held is no error", () => {
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

  test("what the alias refuses, or a call that fails, is told and not held", () => {
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

  test("A1 A4 one that another sets is said to be held no more, until the alias has told", () => {
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

  test("A1 one whose taking was refused is held on, and the app hears nothing of it", () => {
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

  test("A1 P1.2 a suspension outlives a crash, and calls that fail", () => {
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

  test("A1 A4 a suspension whose answer failed keeps no mail from a device without a link", () => {
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
    "A1 after a set that got no answer the device asks what came of it, also after a crash (held: %s)",
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

  test("A4 one that the edge knows as another's alone is refused where it is shared, and the other way round", () => {
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

  test("A1 one that is suspended may be set again, and given up", () => {
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

  test("A1 one that is taken while it is set is asked for again: the answer may be older", () => {
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

  test("not for ever: then it is given up", () => {
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

  test("one thing after the other is asked of an alias", () => {
    const rig = settled();
    command(rig, "me");
    command(rig, "me", false);
    expect(rig.calls).toHaveLength(1);
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["set", "unset"]);
    expect(held(rig)).toEqual([]);
  });

  test("two commands to set it are one call", () => {
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

  test("P8.1 a registration holds 16, and no more, those that are being set included", () => {
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

  test("the app's server sets them too, and waits for no longer than it may", () => {
    const rig = Rig.offline();
    rig.answerCalls();
    const request = { app: "a", generation: 1, alias: "me", held: true, shared: false };
    const token = rig.run((now, effects) => rig.device.setAlias(request, now, effects));
    expect(rig.timeout(Number(token))).toMatchObject({ ok: false, code: "overloaded" });
    rig.answerCalls();
    expect(held(rig)).toEqual(["me"]);
    const invalid = { ...request, alias: "\ud800" };
    expect(rig.run((now, effects) => rig.device.setAlias(invalid, now, effects))).toMatchObject({
      code: "alias_invalid",
    });
  });

  test("those of an ended registration are given up, also after a crash and a failed call", () => {
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

  test("one that is set again is not given up by what was left to do", () => {
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

  test("those of a replaced account are given up in its own name", () => {
    const rig = holding();
    rig.lose();
    rig.openAccount("key-1", "key-2");
    const calls = rig.answerCalls().filter(({ kind }) => kind === "alias");
    expect(calls).toMatchObject([{ call: { method: "unset", request: ofAlias("me") } }]);
    expect(rowsOf(rig)).toEqual([]);
  });
});

describe("what nobody answered, or comes late", () => {
  test("A1 P1.2 after a kill with a set under way the device asks what came of it", () => {
    for (const holds of [true, false]) {
      const rig = settled();
      command(rig, "me");
      rig.restart();
      rig.connect({ attach: [1] });
      rig.take();
      aliasFirst(rig);
      confirm(rig, holds, false);
      expect([held(rig), rowsOf(rig)]).toEqual(holds ? [["me"], ["me"]] : [[], []]);
      expect(rig.take().map(({ kind }) => kind)).toEqual(holds ? [] : ["aliasLost"]);
    }
  });

  test("A1 P1.2 likewise where it was held otherwise, and until then it is held so", () => {
    const rig = holding();
    command(rig, "me");
    expect(held(rig)).toEqual(["me"]);
    rig.restart();
    rig.connect();
    expect(held(rig)).toEqual([]);
    aliasFirst(rig);
    confirm(rig, true, false);
    const sent = { alias: { alias: "me", firstAckWins: false, shared: false } };
    expect(rig.queue(sent)).toMatchObject({ status: "queued" });
  });

  test("A1 a set that is refused leaves what was before, in 2 rows", () => {
    for (const [rig, before] of [
      [settled(), []],
      [holding(), ["me"]],
    ] as const) {
      const rows = rig.rows(() => {
        command(rig, "me");
        rig.answerCall({ ok: true, answer: { ok: false, code: "alias_full" } });
      });
      expect([rows, held(rig)]).toEqual([2, before]);
      rig.restart();
      expect([rowsOf(rig), held(rig)]).toEqual([before, before]);
    }
  });

  test.each([false, true])(
    "A1 T15 an unset that failed is asked again, also after a kill, or another life (ended: %s)",
    (ended) => {
      const rig = holding();
      command(rig, "me", false);
      rig.answerCall({ ok: false });
      expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "overloaded" } }]);
      if (ended) rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
      rig.restart();
      expect([rowsOf(rig), held(rig)]).toEqual([["me"], ended ? "unregistered" : []]);
      rig.now += 60_000;
      rig.alarm();
      rig.connect();
      const asked = rig.answerCalls().filter(({ kind }) => kind === "alias");
      expect(asked).toMatchObject([{ call: { method: "unset", request: ofAlias("me") } }]);
      expect(rowsOf(rig)).toEqual([]);
    },
  );

  test("A1 one that is set again is not given up by an unset that failed", () => {
    const rig = holding();
    command(rig, "me", false);
    rig.answerCall({ ok: false });
    command(rig, "me");
    rig.answerCalls();
    rig.now += 60_000;
    rig.alarm();
    expect([rig.calls, held(rig), rowsOf(rig)]).toEqual([[], ["me"], ["me"]]);
  });

  test("A1 each thing that is asked has an epoch above those before, also where the clock was set back", () => {
    const rig = settled();
    const epochs: number[] = [];
    const answer = (result: Parameters<Rig["answerCall"]>[0]) => {
      const { request } = rig.answerCall(result).call;
      epochs.push("epoch" in request ? (request.epoch ?? 0) : 0);
    };
    command(rig, "me");
    answer({ ok: true, answer: { ok: true } });
    command(rig, "me", false);
    answer({ ok: false });
    rig.now -= 3_600_000;
    command(rig, "me");
    answer({ ok: true, answer: { ok: true } });
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    // The alias knows a later one than the device, which has forgotten: it is asked again, above that.
    rig.restart();
    rig.connect();
    rig.answerCalls();
    const [epoch = 0] = epochs.splice(0).slice(-1);
    rig.take();
    command(rig, "me", false);
    answer({ ok: true, answer: { ok: false, code: "alias_stale", epoch } });
    expect(rig.take()).toEqual([]);
    answer({ ok: true, answer: undefined });
    expect(epochs.at(-1)).toBeGreaterThan(epoch);
    expect(rig.take()).toEqual([{ kind: "done", value: { request: 5 } }]);
  });

  test("A1 A4 a send by an alias that the device does not hold makes it give that back, once at a time", () => {
    const rig = settled();
    for (let n = 0; n < 3; n++) expect(rig.send(byAlias(false))).toMatchObject({ ok: false });
    expect(rig.rows(() => expect(rig.answerCalls()).toHaveLength(1))).toBe(0);
    expect(rig.send(byAlias(false))).toMatchObject({ code: "alias_stale" });
    expect(rig.answerCalls()).toMatchObject([
      { call: { method: "unset", request: ofAlias("me") } },
    ]);
    // Not while it is being set.
    command(rig, "me");
    rig.send(byAlias(false));
    expect(rig.answerCalls()).toMatchObject([{ call: { method: "set" } }]);
  });

  test("A4 a send by an alias that is held otherwise makes the device ask how", () => {
    const rig = holding();
    const sent = { alias: { alias: "me", firstAckWins: false, shared: false } };
    expect(rig.send(sent)).toMatchObject({ code: "alias_stale" });
    expect(rig.rows(() => confirm(rig, true, true))).toBe(0);
    expect(rig.send(sent)).toMatchObject({ code: "alias_stale" });
    confirm(rig, true, false);
    expect(rig.send(sent)).toBeTypeOf("number");
  });

  test("P8.1 while 16 are being given up no other is set", () => {
    const rig = settled();
    for (let n = 0; n < LIMITS.ALIASES; n++) {
      command(rig, `a${n}`);
      rig.answerCalls();
    }
    for (let n = 0; n < LIMITS.ALIASES; n++) command(rig, `a${n}`, false);
    rig.take();
    command(rig, "more");
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "overloaded" } }]);
    rig.answerCall({ ok: true, answer: undefined });
    rig.take();
    command(rig, "more");
    rig.answerCalls();
    expect(rig.take().map(({ kind }) => kind)).not.toContain("refusal");
    expect([held(rig), rowsOf(rig)]).toEqual([["more"], ["more"]]);
  });
});

describe("sends by alias", () => {
  test("A4 reach who holds it; what was accepted keeps its answer when it does no more", () => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(false, { key: "1" }));
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    expect(rig.calls).toEqual([]);
    suspend(rig);
    expect(rig.send(byAlias(false, { key: "1" }))).toMatchObject({ status: "delivered" });
    expect(rig.send(byAlias(false, { key: "2" }))).toMatchObject({ code: "alias_stale" });
  });

  test("A3 the first acknowledgement is told to the alias, where that is asked for", () => {
    const rig = holding();
    rig.sendAndWait(byAlias(true, { key: "1" }));
    rig.takeAndAck();
    expect(rig.calls.map(({ call }) => call)).toEqual([
      {
        method: "firstAck",
        request: { ...ofAlias("me"), key: keyOf("1"), seq: expect.any(Number), fingerprint: null },
      },
    ]);
    rig.answerCall({ ok: false });
    rig.now += 1_000;
    rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
    expect(rig.answerCalls()).toMatchObject([{ call: { method: "firstAck" } }]);
  });

  test("A3 it is told until it was heard, or the message has expired", () => {
    for (const [seconds, methods] of [
      [29, ["firstAck"]],
      [31, []],
    ] as const) {
      const rig = holding();
      rig.sendAndWait(byAlias(true, { key: "1", ttlSeconds: 30 }));
      rig.takeAndAck();
      for (let n = 0; n < 3; n++) {
        rig.answerCall({ ok: false });
        rig.now += (seconds * 1_000) / 3 + 1;
        rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
      }
      expect(rig.calls.map(({ call }) => call.method)).toEqual(methods);
    }
  });

  test("A3 P1.2 a stored one keeps its row until the alias has answered", () => {
    const rig = holding();
    rig.lose();
    rig.queue(byAlias(true, { key: "1" }));
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    expect(rig.store.mail.size).toBe(1);
    rig.restart();
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(1);
    rig.answerCalls();
    expect(rig.store.mail.size).toBe(0);
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "delivered" });
  });

  test.each([
    ["a kill", (rig: Rig) => rig.restart()],
    ["a sleep", (rig: Rig) => rig.hibernate()],
  ])("A3 P1.2 one whose telling failed stays delivered, and is told of, over %s", (_, over) => {
    for (const stored of [true, false]) {
      const rig = holding();
      const token = rig.sendAndWait(byAlias(true, { key: "1" }));
      if (stored) rig.timeout(token);
      const [message] = rig.takeMessages();
      const seq = message?.seq ?? 0;
      rig.ack(1, 2, seq);
      expect(rig.rows(() => rig.answerCall({ ok: false }))).toBe(stored ? 2 : 1);
      expect(rig.store.mail.size).toBe(0);
      // With a link or without: that of the others is no better for its being gone.
      rig.lose();
      const alarmAt = rig.device.lastingDeadline ?? Number.POSITIVE_INFINITY;
      expect(alarmAt).toBeLessThanOrEqual(rig.now + 1_000);
      over(rig);
      expect(rig.statusOf("1", seq)).toBe("delivered");
      rig.now = alarmAt;
      rig.alarm();
      const key = keyOf("1");
      const request = { ...ofAlias("me"), key, seq, fingerprint: null };
      const call = { method: "firstAck", request };
      expect(rig.answerCall({ ok: false }).call).toEqual(call);
      rig.alarm();
      expect(rig.calls).toEqual([]);
      rig.now = rig.device.lastingDeadline ?? 0;
      rig.alarm();
      expect(rig.calls.map((each) => each.call)).toEqual([call]);
      expect(rig.rows(() => rig.answerCalls())).toBe(1);
      rig.now += 7_200_000;
      rig.alarm();
      over(rig);
      rig.alarm();
      expect([rig.calls, rig.statusOf("1", seq)]).toEqual([[], "delivered"]);
    }
  });

  test("P8.1 of one more than may be kept the oldest is told of no more after a kill", () => {
    const rig = holding();
    for (let n = 0; n <= LIMITS.UNTOLD; n++) {
      rig.sendAndWait(byAlias(true, { key: `${n}` }));
      rig.takeAndAck();
      rig.answerCall({ ok: false });
    }
    rig.restart();
    rig.now += 1_000;
    rig.alarm();
    const told = rig.answerCalls().map(({ call }) => "key" in Object(call.request));
    expect(told).toHaveLength(LIMITS.UNTOLD);
  });

  test("its row goes with the registration", () => {
    const rig = holding();
    rig.lose();
    rig.queue(byAlias(true));
    rig.connect({ attach: [1] });
    rig.takeAndAck();
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    expect(rig.store.mail.size).toBe(0);
    rig.answerCalls();
  });

  test("A3 one that another holder took is recalled: waiting, in 2 rows", () => {
    const rig = holding();
    rig.lose();
    const { seq } = rig.queue(byAlias(true, { key: "1" }));
    expect(rig.rows(() => withdraw(rig, "1"))).toBe(2);
    expect(rig.store.mail.size).toBe(0);
    expect(rig.statusOf("1", seq)).toBe("recalled");
    rig.restart();
    expect(rig.statusOf("1", seq)).toBe("recalled");
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "recalled" });
  });

  test.each([
    ["that waits for its acknowledgement", false],
    ["that is stored", true],
  ])("A3 one on the socket %s is withdrawn from the app", (_, stored) => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(true, { key: "1" }));
    if (stored) rig.timeout(token);
    const [message] = rig.takeMessages();
    withdraw(rig, "1");
    expect(rig.take()).toEqual([{ kind: "withdraw", value: { slot: 1, key: keyOf("1") } }]);
    if (!stored) expect(rig.answers.get(token)).toMatchObject({ status: "recalled" });
    rig.ack(1, 2, message?.seq ?? 0);
    expect(rig.calls).toEqual([]);
    expect(rig.store.mail.size).toBe(0);
    expect(rig.statusOf("1", message?.seq ?? 0)).toBe("recalled");
    withdraw(rig, "1");
    expect(rig.take()).toEqual([]);
  });

  test("one that comes after it was recalled is not taken", () => {
    const rig = holding();
    withdraw(rig, "1");
    expect(rig.send(byAlias(true, { key: "1" }))).toMatchObject({ status: "recalled" });
    expect(rig.take()).toEqual([]);
  });

  test("one that the app has is not recalled", () => {
    const rig = holding();
    const token = rig.sendAndWait(byAlias(true, { key: "1" }));
    rig.takeAndAck();
    withdraw(rig, "1");
    expect(rig.take()).toEqual([]);
    const answer = rig.answers.get(token);
    expect(answer).toMatchObject({ status: "delivered" });
    expect(rig.statusOf("1", answer?.ok && "seq" in answer ? answer.seq : 0)).toBe("delivered");
  });
});
