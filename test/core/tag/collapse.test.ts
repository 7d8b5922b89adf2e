/** What a node hands to a member that comes back, of broadcasts of one collapse key. */
import { expect, test } from "vitest";
import type { LogEntry } from "../../../core/tag/calls/broadcast.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, World } from "./support/world.ts";

/** A world with one member, which is away. */
async function withOneAway(): Promise<World> {
  const world = new World();
  await world.clock.until(world.device(0).join());
  return world;
}

async function pageOf(world: World, after = 0) {
  const { name } = world.device(0);
  const answer = await world.root().attach({ device: name, after });
  if (!("kind" in answer) || answer.kind !== "attached") throw new Error("not attached");
  const { entries, replacements } = answer;
  return { positions: entries.map(({ position }) => position), replacements };
}

const forSome: readonly [string, Partial<LogEntry>][] = [
  ["a filter", { filter: { platform: ["ios"] } }],
  ["a condition", { condition: { all: [{ tag: "news" }, { tag: "b" }] } }],
];

test.each(forSome)(
  "B12 one with %s replaces an earlier one only for whom it is: the device is given both, and told",
  async (_, some) => {
    const world = await withOneAway();
    await world.broadcast({ collapseKey: "k" });
    await world.broadcast({ collapseKey: "k", ...some });
    await world.quiet();
    const { condition = null, filter = null } = some;
    expect(await pageOf(world)).toEqual({
      positions: [1, 2],
      replacements: [{ position: 2, collapseKey: "k", condition, filter }],
    });
    await world.broadcast({ collapseKey: "k" });
    await world.quiet();
    expect(await pageOf(world)).toEqual({ positions: [3], replacements: undefined });
  },
);

test("B12 one of ttl 0 replaces nothing for who was away", async () => {
  const world = await withOneAway();
  await world.broadcast({ collapseKey: "k" });
  await world.broadcast({ collapseKey: "k", ttlSeconds: 0 });
  await world.quiet();
  expect(await pageOf(world)).toEqual({ positions: [1], replacements: undefined });
});

test("B12 a device hears of a replacement that is on a later page", async () => {
  const world = await withOneAway();
  await world.broadcast({ collapseKey: "k" });
  for (let n = 0; n < LIMITS.CATCH_UP_ENTRIES; n++) await world.broadcast({});
  const filter = { platform: ["ios"] };
  await world.broadcast({ collapseKey: "k", filter });
  await world.quiet();
  const { positions, replacements } = await pageOf(world);
  expect(positions.length).toBe(LIMITS.CATCH_UP_ENTRIES);
  expect(replacements).toMatchObject([{ position: LIMITS.CATCH_UP_ENTRIES + 2, filter }]);
});

test("B12 P8.1 what a device is told of replacements is bounded, the newest first, and costs it no entry", async () => {
  const world = await withOneAway();
  await world.broadcast({ collapseKey: "k" });
  const values = Array.from({ length: 16 }, (_, n) => `${n}`.repeat(64));
  for (let n = 0; n < 60; n++) {
    const filter = { attributes: { [`a${n}`]: values } };
    await world.broadcast({ collapseKey: "k", filter, key: keyOf(5_000 + n) });
    await world.quiet();
  }
  const { positions, replacements = [] } = await pageOf(world);
  expect(positions[0]).toBe(1);
  expect(JSON.stringify(replacements).length).toBeLessThan(LIMITS.CATCH_UP_BYTES + 4_096);
  expect(replacements.length).toBeLessThan(60);
  expect(replacements[0]?.position).toBe(61);
});
