import { beforeEach, describe, expect, it } from "vitest";
import { BoundedMap } from "../../schema/bounded-map.ts";

describe("P8.1 a bounded map", () => {
  let map: BoundedMap<string, number>;
  beforeEach(() => {
    map = new BoundedMap(3);
    for (const [at, key] of ["a", "b", "c"].entries()) map.set(key, at);
  });

  const keys = (of: BoundedMap<string, number>) => [...of].map(([key]) => key);

  it("keeps as many entries as its limit, and drops the oldest for one more", () => {
    expect(keys(map)).toEqual(["a", "b", "c"]);
    map.set("d", 3);
    expect(keys(map)).toEqual(["b", "c", "d"]);
    expect([map.size, map.has("a"), map.get("a"), map.get("d")]).toEqual([3, false, undefined, 3]);
  });

  it("takes an entry that is set again for the newest, and drops none for it", () => {
    map.set("a", 9);
    expect([...map]).toEqual([
      ["b", 1],
      ["c", 2],
      ["a", 9],
    ]);
  });

  it("takes an entry that is touched for the newest, and one that is read for as old as it was", () => {
    expect(map.touch("a")).toBe(0);
    expect(map.get("b")).toBe(1);
    expect(map.touch("z")).toBeUndefined();
    map.set("d", 3);
    expect(keys(map)).toEqual(["c", "a", "d"]);
  });

  it("has room again for what was deleted", () => {
    expect([map.delete("b"), map.delete("b")]).toEqual([true, false]);
    map.set("d", 3);
    expect(keys(map)).toEqual(["a", "c", "d"]);
  });

  it("drops the oldest for as long as they are over, and stops at the first that is not", () => {
    map.set("d", 0);
    map.dropOldestWhile((value) => value < 2);
    expect(keys(map)).toEqual(["c", "d"]);
    map.dropOldestWhile(() => true);
    expect(map.size).toBe(0);
  });

  it("keeps what weighs as much as its limit, and nothing that weighs more alone", () => {
    const weighed = new BoundedMap<string, number>(10, (value) => value);
    weighed.set("a", 4);
    weighed.set("b", 6);
    expect(keys(weighed)).toEqual(["a", "b"]);
    weighed.set("b", 3);
    weighed.set("c", 3);
    expect(keys(weighed)).toEqual(["a", "b", "c"]);
    weighed.set("d", 4);
    expect(keys(weighed)).toEqual(["b", "c", "d"]);
    weighed.delete("d");
    weighed.set("e", 4);
    expect(keys(weighed)).toEqual(["b", "c", "e"]);
    weighed.set("f", 11);
    expect(weighed.size).toBe(0);
    weighed.set("g", 10);
    expect(keys(weighed)).toEqual(["g"]);
  });

  it("keeps nothing where its limit is 0", () => {
    const none = new BoundedMap<string, number>(0);
    none.set("a", 1);
    expect(none.size).toBe(0);
  });
});
