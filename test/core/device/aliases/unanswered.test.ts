/** Calls of an alias that nobody answered, or whose answer comes late. */
import { describe, expect, test } from "vitest";
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
} from "../support/holder.ts";
import type { Rig } from "../support/rig.ts";

describe("a call of an alias without an answer, or with a late one", () => {
  test("A1 P1.2 a device that is killed during a set asks for the outcome", () => {
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

  test("A1 P1.2 the same if it was held in the other mode, which counts until the answer", () => {
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

  test("A1 a set that is refused changes nothing, in 2 rows", () => {
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
    "A1 T15 an unset that failed is tried again, also after a kill or a new registration (ended: %s)",
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

  test("A1 an alias that is set again is not given up by an unset that failed before", () => {
    const rig = holding();
    command(rig, "me", false);
    rig.answerCall({ ok: false });
    command(rig, "me");
    rig.answerCalls();
    rig.now += 60_000;
    rig.alarm();
    expect([rig.calls, held(rig), rowsOf(rig)]).toEqual([[], ["me"], ["me"]]);
  });

  test("A1 each call has a higher epoch than those before, also after the clock was set back", () => {
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

  test("A1 A4 a send to an alias that the device does not hold makes it give that up, one call at a time", () => {
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

  test("A4 a send to an alias that is held in the other mode makes the device ask for the mode", () => {
    const rig = holding();
    const sent = { alias: { alias: "me", firstAckWins: false, shared: false } };
    expect(rig.send(sent)).toMatchObject({ code: "alias_stale" });
    expect(rig.rows(() => confirm(rig, true, true))).toBe(0);
    expect(rig.send(sent)).toMatchObject({ code: "alias_stale" });
    confirm(rig, true, false);
    expect(rig.send(sent)).toBeTypeOf("number");
  });

  test("P8.1 while 16 aliases are being given up, no other is set", () => {
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
