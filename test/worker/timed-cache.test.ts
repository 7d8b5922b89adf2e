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

  it("P1.6 does not keep an entry for longer where the clock is set back", () => {
    cache.set("a", 1);
    now -= 1;
    expect(cache.get("a")).toBeUndefined();
  });

  it("keeps as many as it may: the least recently used goes", () => {
    for (const key of ["a", "b", "c"]) cache.set(key, 1);
    cache.get("a");
    cache.set("d", 1);
    expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual([1, undefined, 1, 1]);
  });

  it("keeps what weighs as much as it may, and nothing that weighs more", () => {
    const weighed = new TimedCache<number>({
      ttlMs: 100,
      count: 10,
      weigh: (value) => value,
      now: () => now,
    });
    const kept = () => ["a", "b", "c"].map((key) => weighed.get(key));
    weighed.set("a", 4);
    weighed.set("b", 6);
    expect(kept()).toEqual([4, 6, undefined]);
    weighed.set("b", 3);
    weighed.set("c", 3);
    expect(kept()).toEqual([4, 3, 3]);
    weighed.set("c", 7);
    expect(kept()).toEqual([undefined, 3, 7]);
    weighed.set("a", 11);
    expect(kept()).toEqual([undefined, undefined, undefined]);
    weighed.set("a", 10);
    expect(kept()).toEqual([10, undefined, undefined]);
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
