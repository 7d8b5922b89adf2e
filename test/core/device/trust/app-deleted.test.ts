/** What is left on a device of an app that was deleted: its end comes as an entry in the log of all devices. */
import { describe, expect, test } from "vitest";
import { deliver, entry } from "../support/broadcasts.ts";
import { page } from "../support/in-tag.ts";
import { Rig } from "../support/rig.ts";

const end = (position = 1) =>
  entry(position, { cover: [""], ends: true, filter: { platform: [] }, lane: 3 });

function standing(): Rig {
  const rig = Rig.online();
  rig.answerCalls();
  rig.subscribe("x");
  rig.take();
  return rig;
}

const ended = (rig: Rig) => rig.send({ app: "a", waitMs: 0 });

describe("a registration of an app that was deleted", () => {
  test("S19 ends when its node calls, with its tags and mail, and the linked device is told once", () => {
    const rig = standing();
    rig.register("b");
    rig.take();
    const rows = rig.rows(() => {
      expect(deliver(rig, [end()], { tag: "" })).toEqual({ ok: true, outcome: "unknown" });
    });
    expect(rows).toBeLessThanOrEqual(5);
    const told = rig.take().filter(({ kind }) => kind === "removed");
    expect(told).toMatchObject([{ value: { name: "removed", slot: 1 } }]);
    expect(ended(rig)).toEqual({ ok: false, code: "unregistered" });
    expect(rig.queue({ app: "b" })).toMatchObject({ status: "queued" });
    // A node that calls once more, or another page with it.
    const again = rig.rows(() => deliver(rig, [end()], { tag: "" }));
    expect(again).toBe(0);
    expect(rig.take()).toEqual([]);
  });

  test("S19 of a device that was away ends with the page that its next link fetches", () => {
    const rig = standing();
    rig.lose();
    rig.connect({ attach: [1] });
    rig.take();
    page(rig, [end()], 1);
    expect(rig.take()).toMatchObject([{ kind: "removed", value: { name: "removed", slot: 1 } }]);
    expect(ended(rig)).toEqual({ ok: false, code: "unregistered" });
    // The tags are left, until each node has confirmed it.
    const left = rig.calls.map(({ call }) => call.method);
    expect(left).toContain("leave");
    // Told again at the next link, because the first time may have been lost.
    rig.answerCalls();
    rig.lose();
    rig.connect();
    const [welcome] = rig.take();
    expect(welcome).toMatchObject({ value: { registrations: [], removed: [{ name: "removed" }] } });
  });

  test("S19 ends nothing by a call of another node, or of another app", () => {
    const rig = standing();
    for (const fields of [{ path: "a" }, { app: "b" }])
      expect(deliver(rig, [end()], { tag: "", ...fields })).toMatchObject({ outcome: "unknown" });
    expect(ended(rig)).toMatchObject({ status: "queued" });
  });

  test("S19 that began after its app had ended, by an answer from before, ends once its node has refused it", () => {
    const rig = new Rig();
    rig.openAccount();
    rig.connect();
    rig.register("a");
    rig.take();
    const call = rig.answerCall({ ok: true, answer: { ok: false, code: "app_unknown" } });
    expect(call.call.method).toBe("join");
    expect(rig.take()).toMatchObject([{ kind: "removed", value: { name: "removed", slot: 1 } }]);
    expect(ended(rig)).toEqual({ ok: false, code: "unregistered" });
    // There is no membership to be left, and nothing is tried again.
    expect(rig.calls).toEqual([]);
    rig.now += 3_600_000;
    rig.alarm();
    expect(rig.calls).toEqual([]);
  });

  test("S19 that ends while it joins tags and sets an alias has none of them, and none is answered as done", () => {
    const rig = standing();
    const [slot, add, alias] = [1, ["y"], "me"];
    rig.command({ kind: "subscribe", value: { request: 2, slot, add, remove: [] } });
    rig.command({ kind: "setAlias", value: { request: 3, slot, alias, held: true } });
    const request = { app: "a", generation: 1, add: ["z"], remove: [] };
    const token = rig.run((context) => rig.device.setTags(request, context));
    expect(deliver(rig, [end()], { tag: "" })).toEqual({ ok: true, outcome: "unknown" });
    rig.answerCalls();
    const frames = rig.take();
    expect(frames.filter(({ kind }) => kind === "done")).toEqual([]);
    const refused = frames.flatMap((frame) => (frame.kind === "refusal" ? [frame.value] : []));
    expect(refused.toSorted((a, b) => (a.request ?? 0) - (b.request ?? 0))).toMatchObject([
      { request: 2, name: "slot_unknown" },
      { request: 3, name: "slot_unknown" },
    ]);
    // Nor is what its server asks for.
    expect(rig.answers.get(token as number)).toEqual({ ok: false, code: "unregistered" });
  });
});
