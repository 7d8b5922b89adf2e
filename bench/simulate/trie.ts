/**
 * The tree of a tag's nodes, as joins alone make it: a member stays in the first node on the way from the root that has
 * a place, and the way is the digits of its device ID. Made node by node, as it is walked: a hundred million members are
 * some numbers, never a list.
 */
import { LIMITS } from "../../schema/limits.ts";
import { mix, Random } from "./random.ts";

/** The members of a subtree, in the order in which they came. */
export interface Population {
  readonly size: number;
  /** All but the first `count`, apart by their next digit; empty where there are no more. */
  split(count: number): readonly Population[];
}

/** Members of whom nothing is known but how many they are: each of their digits is as likely as another. */
export class Crowd implements Population {
  readonly size: number;
  readonly #seed: number;

  constructor(size: number, seed: number) {
    this.size = size;
    this.#seed = seed;
  }

  split(count: number): readonly Crowd[] {
    let left = this.size - count;
    if (left <= 0) return [];
    const random = new Random(this.#seed);
    const parts: Crowd[] = [];
    for (let digit = 0; digit < LIMITS.NODE_CHILDREN; digit++) {
      const size = random.binomial(left, 1 / (LIMITS.NODE_CHILDREN - digit));
      left -= size;
      parts.push(new Crowd(size, mix(this.#seed, digit + 1)));
    }
    return parts;
  }
}

/** One node, and all that is below it. */
export class SimulatedNode {
  /** Hexadecimal digits from the root. */
  readonly path: string;
  readonly members: number;
  readonly #population: Population;

  constructor(population: Population, nodeMembers: number, path = "") {
    this.path = path;
    this.#population = population;
    this.members = Math.min(population.size, nodeMembers);
    this.#nodeMembers = nodeMembers;
  }

  readonly #nodeMembers: number;

  /** Of the whole subtree. */
  get size(): number {
    return this.#population.size;
  }

  /** Made anew by each call. */
  children(): SimulatedNode[] {
    const parts = this.#population.split(this.members);
    return parts.flatMap((part, digit) =>
      part.size === 0
        ? []
        : [new SimulatedNode(part, this.#nodeMembers, this.path + digit.toString(16))],
    );
  }
}

/** What a tree looks like. */
export interface Shape {
  readonly members: number;
  readonly nodes: number;
  /** Nodes of each level, the root's first. */
  readonly levels: readonly number[];
  /** Members by places of all nodes. */
  readonly fill: number;
}

/** Walks the whole tree. */
export function shapeOf(root: SimulatedNode, nodeMembers: number): Shape {
  const levels: number[] = [];
  const visit = (node: SimulatedNode, level: number): void => {
    levels[level] = (levels[level] ?? 0) + 1;
    for (const child of node.children()) visit(child, level + 1);
  };
  visit(root, 0);
  const nodes = levels.reduce((sum, count) => sum + count, 0);
  return { members: root.size, nodes, levels, fill: root.size / (nodes * nodeMembers) };
}
