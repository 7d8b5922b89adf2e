/** Who is found by a name while others still hold what left memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { Pool, type Pooled } from "../../../hosts/deno/objects/pool.ts";

const pool = () => {
  const made: Pooled = { name: "a", sleep: () => true, isNeeded: false };
  return new Pool(() => ({ ...made }));
};

test("H7 one that left is found again while somebody holds it, by its name or by its own doing", () => {
  const items = pool();
  const held = items.get("a");
  for (let i = 0; i < 2; i++) {
    items.woke(held);
    expect(items.sweep(0)).toBe(1);
    expect(items.counts).toEqual({ awake: 0, known: 0 });
  }
  items.woke(held);
  expect(items.get("a")).toBe(held);
  items.sweep(0);
  expect(items.get("a")).toBe(held);
});

test("P8.1 one that nobody holds leaves nothing behind", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const items = pool();
  let mark: WeakRef<Pooled> | undefined;
  (() => {
    const item = items.get("a");
    mark = new WeakRef(item);
    items.woke(item);
    items.sweep(0);
  })();
  await vi.waitFor(() => {
    collect();
    expect(mark?.deref() === undefined).toBe(true);
    expect(items.left).toBe(0);
  });
});
