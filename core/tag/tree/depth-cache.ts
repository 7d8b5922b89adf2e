/** The depth of a tag's tree at which joins start. Cached by each process, so most joins call one node. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { deviceDigit } from "../name.ts";

interface Known {
  depth: number;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * One device in 16 still starts at the root, so that free places near the root are reused. This digit of the device's ID decides. It is
 * below every path of the tree, so those devices are spread evenly over all nodes.
 */
const ROOT_DIGIT = 31;

/** A wrong depth only costs a join one more call. */
export class DepthCache {
  /** By tag ID. */
  readonly #known = new BoundedMap<string, Known>(LIMITS.DEPTH_CACHE_COUNT);

  /** The depth at which a device starts its join. */
  start(tagId: string, device: string, now: number): number {
    const known = this.#known.get(tagId);
    if (known === undefined || known.until <= now) return 0;
    return deviceDigit(device, ROOT_DIGIT) === "0" ? 0 : known.depth;
  }

  /** A node at this depth answered `child`: it is full. */
  full(tagId: string, depth: number, now: number): void {
    if (depth + 1 > this.#depth(tagId, now)) this.#learn(tagId, depth + 1, now);
  }

  /** A node at this depth answered `unborn`: it does not exist. */
  unborn(tagId: string, depth: number, now: number): void {
    if (depth <= this.#depth(tagId, now)) this.#learn(tagId, Math.max(0, depth - 1), now);
  }

  #depth(tagId: string, now: number): number {
    const known = this.#known.get(tagId);
    return known === undefined || known.until <= now ? 0 : known.depth;
  }

  #learn(tagId: string, depth: number, now: number): void {
    // An unknown tag has depth 0.
    if (depth === 0) this.#known.delete(tagId);
    else this.#known.set(tagId, { depth, until: now + LIMITS.DEPTH_CACHE_MS });
  }
}
