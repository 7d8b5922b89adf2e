/** That a fan-out put together from parts takes what the core's own nodes take for the whole, and what it costs. */
import { describe, expect, it } from "vitest";
import { Passes } from "../../../bench/simulate/passes.ts";
import { priceOf } from "../../../bench/simulate/prices.ts";
import { PROFILES, type Profile } from "../../../bench/simulate/profile.ts";
import { simulate } from "../../../bench/simulate/simulate.ts";
import { World } from "../../../bench/simulate/world.ts";

/** By how much a simulated time may miss that of the core's own nodes, either way; docs/scale.md names it. */
const FACTOR = 1.35;
/** One node, one with children, and those with more in them; of 20,000 it takes 6 s where ten other things run (measured). */
const SIZES = [100, 1_000, 3_000] as const;
const HOSTS: readonly Profile[] = [PROFILES.deno, PROFILES.workerd, PROFILES.cloudflare];
const CASES = HOSTS.flatMap((profile) => SIZES.map((members) => ({ profile, members })));

/** Enough for the nodes of one process to learn how many calls their thread bears, at a fraction of what all members take. */
const LEARNING = 500;

async function worldOf(profile: Profile, members: number): Promise<World> {
  const world = new World(profile, 1);
  for (let n = 0; n < members; n++) {
    // A simulated process has learned it.
    if (profile.oneThread && n === LEARNING) await world.broadcast(null);
    await world.join(world.device());
  }
  if (profile.oneThread && members <= LEARNING) await world.broadcast(null);
  return world;
}

/** A quarter of what the tool makes: enough for the bounds here, also on a machine that does ten other things. */
const SAMPLES = 3;

const simulated = (profile: Profile, members: number, pace: number | null, seed = 2) => {
  const passes = new Passes(profile, seed, SAMPLES);
  return simulate({ profile, passes, members, online: 1, seed, pace });
};

describe("a simulated broadcast", () => {
  it.each(CASES)(
    "takes as long as the core's nodes on $profile.name, to $members members",
    async ({ profile, members }) => {
      const world = await worldOf(profile, members);
      const real = await world.broadcast(null);
      const { lastDeviceMs, nodes, attached } = await simulated(profile, members, null);
      expect(lastDeviceMs / real.lastDeviceMs).toBeGreaterThan(1 / FACTOR);
      expect(lastDeviceMs / real.lastDeviceMs).toBeLessThan(FACTOR);
      expect(attached).toBe(real.deviceCalls);
      expect(nodes).toBe(real.nodes);
    },
  );

  // Nodes that are served together have it together, and so have those that another node drives.
  it.each([
    { profile: PROFILES.deno, members: 5_000, nodeMembers: 1_000, pace: 1_000 },
    { profile: PROFILES.cloudflare, members: 5_000, nodeMembers: 1_000, pace: 1_000 },
    { profile: PROFILES.cloudflare, members: 2_000, nodeMembers: 10, pace: 1_000 },
    // Less than one device a second for each node: in most slices nobody's turn comes.
    { profile: PROFILES.cloudflare, members: 300, nodeMembers: 10, pace: 2 },
  ])(
    "keeps a pace of $pace a second to $members members on $profile.name, $nodeMembers a node",
    async ({ profile, members, nodeMembers, pace }) => {
      const world = new World(profile, 1, nodeMembers);
      for (let n = 0; n < members; n++) await world.join(world.device());
      const { lastDeviceMs, delivered } = await world.broadcast(pace);
      expect(delivered).toBe(members);
      expect((delivered * 1_000) / lastDeviceMs).toBeLessThan(1.1 * pace);
      expect((delivered * 1_000) / lastDeviceMs).toBeGreaterThan(0.5 * pace);
    },
  );

  it("takes as long as its pace says", async () => {
    const { lastDeviceMs } = await simulated(PROFILES.deno, 5_000, 1_000);
    expect(lastDeviceMs).toBeGreaterThan(4_900);
    expect(lastDeviceMs).toBeLessThan(5_000 * FACTOR);
  });

  it("is the same for the same seed, and another for another", async () => {
    const [one, same, other] = await Promise.all(
      [2, 2, 3].map((seed) => simulated(PROFILES.cloudflare, 30_000, null, seed)),
    );
    expect(same).toEqual(one);
    expect(other?.lastDeviceMs).not.toBe(one?.lastDeviceMs);
  });

  it("of a hundred million members holds none of them", async () => {
    const { shape, usage, attached } = await simulated(PROFILES.cloudflare, 100_000_000, null);
    expect(attached).toBe(100_000_000);
    expect(shape.levels.slice(0, 5)).toEqual([1, 16, 256, 4_096, 65_536]);
    expect(usage.rows).toBe(shape.nodes + 2);
  }, 60_000);

  it("writes a row a node and no more than two besides, as the core's nodes do", async () => {
    const { rows, nodes } = await (await worldOf(PROFILES.deno, 5_000)).broadcast(null);
    expect(nodes).toBe(17);
    // The root's own second; its alarm, which the simulation adds, is not a row of its store.
    expect(rows).toBe(nodes + 1);
    const { usage } = await simulated(PROFILES.deno, 5_000, null);
    expect(usage.rows).toBe(rows + 1);
  });
});

describe("prices", () => {
  it("of a million of each are those of the list", () => {
    const none = { workerRequests: 0, objectRequests: 0, rows: 0, objectSeconds: 0 };
    expect(priceOf({ ...none, rows: 1e6 })).toBeCloseTo(1, 9);
    expect(priceOf({ ...none, objectRequests: 1e6 })).toBeCloseTo(0.15, 9);
    expect(priceOf({ ...none, workerRequests: 1e6 })).toBeCloseTo(0.3, 9);
    expect(priceOf({ ...none, objectSeconds: 1e6 })).toBeCloseTo(0.128 * 12.5, 9);
  });
});
