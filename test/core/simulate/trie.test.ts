/** That the tree of the simulation is the tree that the core's own nodes make. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROFILES } from "../../../bench/simulate/profile.ts";
import { Random } from "../../../bench/simulate/random.ts";
import { Crowd, type Population, SimulatedNode, shapeOf } from "../../../bench/simulate/trie.ts";
import { World } from "../../../bench/simulate/world.ts";
import { deviceDigit } from "../../../core/tag/name.ts";
import { LIMITS } from "../../../schema/limits.ts";

/** Members with names: where each belongs is known. */
class Roster implements Population {
  readonly #devices: readonly string[];
  readonly #depth: number;

  constructor(devices: readonly string[], depth = 0) {
    this.#devices = devices;
    this.#depth = depth;
  }

  get size(): number {
    return this.#devices.length;
  }

  split(count: number): readonly Roster[] {
    const left = this.#devices.slice(count);
    return Array.from({ length: LIMITS.NODE_CHILDREN }, (_, digit) => {
      const mine = left.filter((one) => deviceDigit(one, this.#depth) === digit.toString(16));
      return new Roster(mine, this.#depth + 1);
    });
  }
}

/** Members of each node, by its path. */
function placesOf(root: SimulatedNode): Map<string, number> {
  const places = new Map<string, number>();
  const visit = (node: SimulatedNode): void => {
    places.set(node.path, node.members);
    for (const child of node.children()) visit(child);
  };
  visit(root);
  return places;
}

describe("the simulated tree", () => {
  it("has every member where the core's nodes have it", async () => {
    const sizes = fc.record({
      devices: fc.integer({ min: 1, max: 400 }),
      nodeMembers: fc.integer({ min: 1, max: 12 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ devices, nodeMembers, seed }) => {
        const world = new World(PROFILES.deno, seed, nodeMembers);
        const names = Array.from({ length: devices }, () => world.device());
        const real = new Map<string, number>();
        for (const name of names) {
          const path = await world.join(name);
          real.set(path, (real.get(path) ?? 0) + 1);
        }
        const simulated = placesOf(new SimulatedNode(new Roster(names), nodeMembers));
        expect(simulated).toEqual(real);
      }),
      { numRuns: 50 },
    );
  });

  it("is of the same form where members are only counted", async () => {
    const nodeMembers = 20;
    const members = 10_000;
    const world = new World(PROFILES.deno, 1, nodeMembers);
    const names = Array.from({ length: members }, () => world.device());
    const named = shapeOf(new SimulatedNode(new Roster(names), nodeMembers), nodeMembers);
    const counted = shapeOf(new SimulatedNode(new Crowd(members, 1), nodeMembers), nodeMembers);
    expect(counted.levels).toHaveLength(named.levels.length);
    // The last level is the one that chance makes.
    expect(counted.nodes / named.nodes).toBeGreaterThan(0.97);
    expect(counted.nodes / named.nodes).toBeLessThan(1.03);
  });

  it("loses nobody, and fills a node before it has children", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000_000 }), fc.nat(), (members, seed) => {
        const visit = (node: SimulatedNode): number => {
          const children = node.children();
          if (children.length > 0) expect(node.members).toBe(LIMITS.NODE_MEMBERS);
          return children.reduce((sum, child) => sum + visit(child), node.members);
        };
        const root = new SimulatedNode(new Crowd(members, seed), LIMITS.NODE_MEMBERS);
        expect(visit(root)).toBe(members);
      }),
      { numRuns: 30 },
    );
  });
});

describe("Random", () => {
  it.each([
    [20, 0.3],
    [500, 0.01],
    [1_000, 0.5],
    [100_000, 1 / 16],
    [1_000, 0.97],
  ])(
    "tosses %i coins of %f with the mean and spread of a binomial distribution",
    (count, chance) => {
      const random = new Random(7);
      const draws = Array.from({ length: 4_000 }, () => random.binomial(count, chance));
      const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
      const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
      const wanted = count * chance * (1 - chance);
      // Five standard errors of the mean; the variance's own error is 2 % here.
      expect(Math.abs(mean - count * chance)).toBeLessThan(5 * Math.sqrt(wanted / draws.length));
      expect(variance / wanted).toBeGreaterThan(0.88);
      expect(variance / wanted).toBeLessThan(1.12);
      expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...draws)).toBeLessThanOrEqual(count);
    },
  );
});
