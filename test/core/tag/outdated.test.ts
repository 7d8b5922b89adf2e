/** Broadcasts to members whose registrations were judged by an earlier version of their app's trust. */
import { describe, expect, test } from "vitest";
import type { DeliverRequest } from "../../../core/tag/calls/fan-out.ts";
import { keyOf, World } from "./support/world.ts";

const MEMBERS = 60;
const OUTDATED = { ok: false, code: "trust_outdated" } as const;

/** Members whose registrations were judged by this version; each counts what it was called with. */
async function withMembers(world: World, version = 1): Promise<DeliverRequest[]> {
  const calls: DeliverRequest[] = [];
  for (let n = 0; n < MEMBERS; n++) {
    const device = world.device(n);
    let judged = version;
    device.outcome = (request) => {
      calls.push(request);
      if ((request.trustVersion ?? 0) <= judged) return null;
      if (request.trust === undefined) return OUTDATED;
      judged = request.trustVersion ?? 0;
      return null;
    };
    await device.link();
    expect(await world.clock.until(device.join())).toBe(true);
  }
  await world.quiet();
  calls.length = 0;
  world.calls.app = 0;
  return calls;
}

const trusting = (world: World, trustVersion: number) => {
  if (world.record === null) throw new Error("the app is gone");
  world.record = { ...world.record, trustVersion };
};
const shown = (world: World) =>
  [...world.devices.values()].filter(({ shown }) => shown.get("news")?.length === 1).length;

describe("after a change of what the app trusts", () => {
  test("S6 all members have the first broadcast, for one call more each, and one of the app's object by each node", async () => {
    const world = new World({ nodeMembers: 20 });
    const calls = await withMembers(world);
    const nodes = new Set([...world.members().values()].flat()).size;
    trusting(world, 2);
    const rows = world.rows;
    await world.broadcast({ key: keyOf(1), trustVersion: 2 });
    await world.quiet();
    const written = world.rows - rows;
    expect(await world.status(keyOf(1))).toMatchObject({ status: "sent", acknowledged: MEMBERS });
    expect(calls.filter(({ trust }) => trust === undefined)).toHaveLength(MEMBERS);
    expect(calls.filter(({ trust }) => trust?.version === 2)).toHaveLength(MEMBERS);
    expect(world.calls.app).toBe(nodes);
    expect(nodes).toBeLessThan(MEMBERS / 3);
    calls.length = 0;
    await world.broadcast({ key: keyOf(2), trustVersion: 2 });
    await world.quiet();
    // The step after it costs what each step costs.
    expect(calls).toHaveLength(MEMBERS);
    expect(world.calls.app).toBe(nodes);
    expect(world.rows - rows).toBe(2 * written);
  });

  test("S6 a broadcast of an edge of before, which names no version, comes as it did", async () => {
    const world = new World({ nodeMembers: 20 });
    const calls = await withMembers(world);
    await world.broadcast({ key: keyOf(1) });
    await world.quiet();
    expect(calls).toHaveLength(MEMBERS);
    expect(calls[0]).not.toHaveProperty("trustVersion");
    expect(world.calls.app).toBe(0);
    expect(shown(world)).toBe(MEMBERS);
  });

  test.each([
    ["fails", { at: "before", kind: "fails" } as const],
    ["hangs", { at: "before", kind: "hangs" } as const],
  ])(
    "S6 B8 while the app's object %s they are owed it, its object is not stormed, and none is lost or doubled",
    async (_, fault) => {
      const world = new World({ nodeMembers: 20 });
      await withMembers(world);
      trusting(world, 2);
      const nodes = new Set([...world.members().values()].flat()).size;
      let asked = 0;
      world.outage = (callee) => {
        if (callee !== "AAAAAAAAAAA") return null;
        asked++;
        return fault;
      };
      const from = world.clock.now;
      await world.broadcast({ key: keyOf(1), trustVersion: 2 });
      await world.alarms(120_000);
      expect(shown(world)).toBe(0);
      expect(await world.status(keyOf(1))).toMatchObject({ status: "sending", owed: MEMBERS });
      // At most one a second by each node.
      expect(asked).toBeLessThanOrEqual((nodes * (world.clock.now - from)) / 1_000);
      world.outage = null;
      await world.alarms(700_000);
      expect(shown(world)).toBe(MEMBERS);
      expect(await world.status(keyOf(1))).toMatchObject({ status: "sent", owed: 0, failed: 0 });
    },
  );

  test("S6 of an app that was deleted no member hears anything more", async () => {
    const world = new World();
    await withMembers(world);
    world.record = null;
    await world.broadcast({ key: keyOf(1), trustVersion: 2, ttlSeconds: 60 });
    await world.alarms(120_000);
    expect(shown(world)).toBe(0);
  });

  test("S19 a member that missed one under a later version gets the end of the deleted app, and nothing else", async () => {
    const world = new World();
    await withMembers(world);
    trusting(world, 2);
    await world.broadcast({ key: keyOf(1), trustVersion: 2 });
    await world.quiet();
    world.record = null;
    const { name } = world.device(0);
    const [path = ""] = world.members().get(name) ?? [];
    // Its node forgets what the app trusted.
    world.kill();
    const attach = (after: number) =>
      world.clock.until(
        world.callFromOutside(path, (shell) =>
          shell.attach({ device: name, after, epoch: 0, trustVersion: 1 }),
        ),
      );
    // The app is gone already, and its end has yet to come.
    const early = await attach(0);
    expect(early).toMatchObject({ kind: "attached", upTo: 1, more: false, entries: [] });
    await world.broadcast({ key: keyOf(2), ends: true });
    await world.quiet();
    world.calls.app = 0;
    for (const after of [0, 1]) {
      const page = await attach(after);
      expect(page).toMatchObject({ kind: "attached", upTo: 2, entries: [{ ends: true }] });
      expect(page).not.toHaveProperty("trust");
    }
    expect(world.calls.app).toBe(0);
  });

  test("S19 members that are owed one of an app that was deleted since get its end, and nobody is called for ever", async () => {
    const world = new World({ nodeMembers: 20 });
    const calls = await withMembers(world);
    trusting(world, 2);
    world.outage = (callee) => (callee === "AAAAAAAAAAA" ? { at: "before", kind: "fails" } : null);
    await world.broadcast({ key: keyOf(1), trustVersion: 2, ttlSeconds: 86_400 });
    await world.alarms(120_000);
    expect(await world.status(keyOf(1))).toMatchObject({ status: "sending", owed: MEMBERS });
    world.outage = null;
    world.record = null;
    await world.alarms(700_000);
    expect(await world.status(keyOf(1))).toMatchObject({
      status: "sent",
      owed: 0,
      filtered: MEMBERS,
    });
    expect(shown(world)).toBe(0);
    calls.length = 0;
    await world.broadcast({ key: keyOf(2), ends: true, ttlSeconds: 86_400 });
    await world.alarms(120_000);
    const told = calls.filter(({ entries }) => entries.some(({ ends }) => ends));
    expect(new Set(told).size).toBe(MEMBERS);
  });

  test("S6 a member that comes back is told with the page that it missed", async () => {
    const world = new World();
    await withMembers(world);
    trusting(world, 2);
    await world.broadcast({ key: keyOf(1), trustVersion: 2 });
    await world.quiet();
    world.calls.app = 0;
    const { name } = world.device(0);
    const [node = ""] = world.members().get(name) ?? [];
    const attach = (trustVersion?: number) =>
      world.callFromOutside(node, (shell) =>
        shell.attach({ device: name, after: 0, epoch: 0, ...(trustVersion && { trustVersion }) }),
      );
    const page = { kind: "attached", upTo: 1, entries: [{ trustVersion: 2 }] };
    for (const version of [undefined, 1])
      expect(await world.clock.until(attach(version))).toMatchObject({
        ...page,
        trust: { version: 2 },
      });
    const known = await world.clock.until(attach(2));
    expect(known).toMatchObject(page);
    expect(known).not.toHaveProperty("trust");
    expect(world.calls.app).toBe(0);
  });
});
