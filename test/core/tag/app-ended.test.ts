/** Who joins the tag of all devices once their app was deleted: a registration that was admitted before, by an answer that took long. */
import { expect, test } from "vitest";
import type { JoinAnswer, JoinRequest } from "../../../core/tag/calls/membership.ts";
import { devicePath } from "../../../core/tag/name.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, World } from "./support/world.ts";

/** Of all devices. */
const TAG = "";
const ONCE = 60;
const ENDED = { ok: false, code: "app_unknown" };
const END = { cover: [TAG], key: keyOf(1), ends: true, ttlSeconds: LIMITS.APP_END_SECONDS };

/** As core/device does, from a depth that is cached. @returns the last answer */
async function join(world: World, n: number, depth = 0): Promise<JoinAnswer> {
  const { name } = world.device(n);
  let path = devicePath(name, depth);
  let born: number | null = null;
  for (;;) {
    const request: JoinRequest = {
      tag: TAG,
      device: name,
      find: false,
      born,
      attach: true,
      epoch: 1,
    };
    const answer: JoinAnswer = await world.clock.until(
      world.node(world.nodeName(path, TAG)).join(request),
    );
    if (!("kind" in answer)) return answer;
    if (answer.kind === "unborn") [path, born] = [path.slice(0, -1), null];
    else if (answer.kind === "child") [path, born] = [path + answer.digit, answer.born];
    else return answer;
  }
}

/** A deep tag; if it shrank, of all but the first few nodes nobody is a member any more. */
async function grown(shrinks: boolean): Promise<World> {
  const world = new World({ nodeMembers: 2 });
  for (let n = 0; n < ONCE; n++)
    expect(await world.clock.until(world.device(n).join(TAG))).toBe(true);
  await world.alarms(10 * LIMITS.COUNT_DELAY_MS);
  for (let n = 1; shrinks && n < ONCE; n++)
    expect(await world.clock.until(world.device(n).leave(TAG))).toBe(true);
  await world.alarms(5 * LIMITS.COUNT_DELAY_MS);
  return world;
}

test.for([
  ["a tag that is full", false],
  ["a tag that shrank", true],
] as const)("S19 nobody joins after the end of the app, at any node of %s", async ([, shrinks]) => {
  const world = await grown(shrinks);
  const { nodes } = world;
  await world.broadcast(END);
  await world.alarms(60_000);
  for (let n = ONCE; n < ONCE + 100; n++) expect(await join(world, n, n % 4)).toEqual(ENDED);
  // Nor at a node that was killed since.
  world.kill();
  for (let n = ONCE; n < ONCE + 20; n++) expect(await join(world, n, n % 4)).toEqual(ENDED);
  expect(world.nodes).toBeLessThanOrEqual(nodes);
});

test("S19 who joins a node that the end has not reached yet gets it", async () => {
  const world = await grown(false);
  // Every other leaves, so that nodes of all depths have room.
  for (let n = 1; n < ONCE; n += 2)
    expect(await world.clock.until(world.device(n).leave(TAG))).toBe(true);
  await world.alarms(5 * LIMITS.COUNT_DELAY_MS);
  const root = world.nodeName("", TAG);
  world.outage = (callee) => (callee === root ? null : { at: "before", kind: "fails" });
  await world.broadcast(END);
  await world.alarms(1_000);
  const late = Array.from({ length: 2 * ONCE }, (_, n) => world.device(ONCE + n));
  for (const device of late) {
    await device.link();
    await world.clock.until(device.join(TAG, 1));
  }
  const joined = late.filter((device) => device.joined.has(TAG));
  expect(joined.length).toBeGreaterThan(5);
  expect(joined.length).toBeLessThan(late.length);
  world.outage = null;
  await world.alarms(600_000);
  for (const device of joined) expect(device.shown.get(TAG)).toHaveLength(1);
});

test("S19 a device that leaves finds that it is no member, and an earlier membership does not let it join", async () => {
  const world = await grown(false);
  await world.broadcast(END);
  await world.alarms(60_000);
  const { name } = world.device(0);
  const at = (find: boolean, epoch: number) =>
    world.clock.until(
      world.root(TAG).join({ tag: TAG, device: name, find, born: null, attach: false, epoch }),
    );
  expect(await at(false, 9)).toEqual(ENDED);
  expect(await world.clock.until(world.device(0).leave(TAG))).toBe(true);
});

test("S19 the end of an app that nobody has joined is kept for who joins then", async () => {
  const world = new World();
  await world.broadcast(END);
  expect(await join(world, 1)).toEqual(ENDED);
  await world.alarms(60_000);
  world.kill();
  expect(await join(world, 2)).toEqual(ENDED);
  // Any other broadcast to a tag without a root is refused, as ever.
  await expect(world.broadcast({ cover: ["other"] })).rejects.toThrow("tag_unknown");
});

test("S19 nothing is sent to everyone after the end, however many edges have not heard of it; a repeated deletion is the same", async () => {
  const world = await grown(false);
  const first = await world.broadcast(END);
  for (let n = 0; n < LIMITS.LOG_ENTRIES; n++)
    await expect(world.broadcast({ cover: [TAG], key: keyOf(100 + n) })).rejects.toThrow(
      "tag_unknown",
    );
  expect(await world.broadcast(END)).toBe(first);
});
