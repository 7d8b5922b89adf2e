import fc from "fast-check";
import { expect, test } from "vitest";
import { DepthCache } from "../../../core/tag/tree/depth-cache.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";

const device = (last: number) => toBase64Url(new Uint8Array(16).fill(last, 15));

test("joins begin where a node was not full, until a minute has passed", () => {
  const depths = new DepthCache();
  expect(depths.start("t", device(1), 0)).toBe(0);
  depths.full("t", 0, 0);
  depths.full("t", 1, 0);
  expect(depths.start("t", device(1), 1)).toBe(2);
  expect(depths.start("other", device(1), 1)).toBe(0);
  // What is nearer the root says nothing new.
  depths.full("t", 0, 1);
  expect(depths.start("t", device(1), LIMITS.DEPTH_CACHE_MS - 1)).toBe(2);
  expect(depths.start("t", device(1), LIMITS.DEPTH_CACHE_MS)).toBe(0);
});

test("a node that is not there moves the beginning nearer to the root", () => {
  const depths = new DepthCache();
  depths.full("t", 1, 0);
  depths.unborn("t", 2, 0);
  expect(depths.start("t", device(1), 0)).toBe(1);
  depths.unborn("t", 2, 0);
  expect(depths.start("t", device(1), 0)).toBe(1);
});

test("one device in 16 begins at the root, so that free places are filled", () => {
  const depths = new DepthCache();
  depths.full("t", 0, 0);
  const all = Array.from({ length: 256 }, (_, last) => depths.start("t", device(last), 0));
  expect(all.filter((depth) => depth === 0)).toHaveLength(16);
});

test("P8.1 of more tags than it holds, those that were learned first are forgotten", () => {
  const depths = new DepthCache();
  const count = LIMITS.DEPTH_CACHE_COUNT;
  for (let tag = 0; tag <= count; tag++) depths.full(`t${tag}`, 0, 0);
  expect(depths.start("t0", device(1), 0)).toBe(0);
  expect(depths.start("t1", device(1), 0)).toBe(1);
  expect(depths.start(`t${count}`, device(1), 0)).toBe(1);
});

test("whatever nodes say, it is a depth of a tree", () => {
  const said = fc.record({ full: fc.boolean(), depth: fc.nat({ max: LIMITS.NODE_DEPTH - 1 }) });
  fc.assert(
    fc.property(fc.array(said), (all) => {
      const depths = new DepthCache();
      for (const { full, depth } of all) depths[full ? "full" : "unborn"]("t", depth, 0);
      const start = depths.start("t", device(1), 0);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start).toBeLessThanOrEqual(LIMITS.NODE_DEPTH);
    }),
  );
});
