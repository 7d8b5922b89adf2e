import { beforeEach, describe, expect, it } from "vitest";
import { TimedCache } from "../../worker/cache.ts";

let now: number;
let cache: TimedCache<number>;
beforeEach(() => {
  now = 1_000;
  cache = new TimedCache({ ttlMs: 100, count: 3, now: () => now });
});

describe("P8.1 a cache of the edge", () => {
  it("forgets an entry after its time, and not before", () => {
    cache.set("a", 1);
    now += 99;
    expect(cache.get("a")).toBe(1);
    now += 1;
    expect(cache.get("a")).toBeUndefined();
  });

  it("keeps as many as it may: the least recently used goes", () => {
    for (const key of ["a", "b", "c"]) cache.set(key, 1);
    cache.get("a");
    cache.set("d", 1);
    expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual([1, undefined, 1, 1]);
  });

  it("sets an entry anew, and drops one that is asked to go", () => {
    cache.set("a", 1);
    now += 60;
    cache.set("a", 2);
    now += 60;
    expect(cache.get("a")).toBe(2);
    cache.delete("a");
    expect(cache.get("a")).toBeUndefined();
  });

  it("counts what it had and what it had not", () => {
    cache.get("a");
    cache.set("a", 1);
    cache.get("a");
    cache.get("a");
    expect(cache.counts).toEqual({ hits: 2, misses: 1 });
  });
});
