/** At which depth of a tag's tree joins begin: remembered by each process, so that most joins ask one node. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { deviceDigit } from "../name.ts";

interface Known {
  depth: number;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * One device in 16 begins at the root all the same, so that places which members left are filled again.
 * It is told by a digit of the device's own ID that lies below every path of the tree, so that it is spread evenly over
 * all nodes.
 */
const ROOT_DIGIT = 31;

/** Only a hint: a wrong depth costs a join another hop, and nothing else. */
export class DepthCache {
  /** By tag ID. */
  readonly #known = new BoundedMap<string, Known>(LIMITS.DEPTH_CACHE_COUNT);

  /** The depth at which the join of a device begins. */
  start(tagId: string, device: string, now: number): number {
    const known = this.#known.get(tagId);
    if (known === undefined || known.until <= now) return 0;
    return deviceDigit(device, ROOT_DIGIT) === "0" ? 0 : known.depth;
  }

  /** A node at this depth was full: it answered `child`. */
  full(tagId: string, depth: number, now: number): void {
    if (depth + 1 > this.#depth(tagId, now)) this.#learn(tagId, depth + 1, now);
  }

  /** There is no node at this depth where some device looked for it. */
  unborn(tagId: string, depth: number, now: number): void {
    if (depth <= this.#depth(tagId, now)) this.#learn(tagId, Math.max(0, depth - 1), now);
  }

  #depth(tagId: string, now: number): number {
    const known = this.#known.get(tagId);
    return known === undefined || known.until <= now ? 0 : known.depth;
  }

  #learn(tagId: string, depth: number, now: number): void {
    // An unknown tag is taken to have depth 0.
    if (depth === 0) this.#known.delete(tagId);
    else this.#known.set(tagId, { depth, until: now + LIMITS.DEPTH_CACHE_MS });
  }
}
