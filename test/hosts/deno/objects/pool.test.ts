/** Who is found by a name while others still hold what left memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Pool, type Pooled } from "../../../../hosts/deno/objects/pool.ts";
import { fuzz, fuzzTimeoutMs } from "../../../core/support/fuzz.ts";
import { SOON } from "../../../support/soon.ts";

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
  }, SOON);
});

const NAMES = ["a", "b"] as const;
const RUNS = 300;
const holder = fc.nat(3);
const step = fc.oneof(
  fc.record({ kind: fc.constant("finds" as const), holder, name: fc.constantFrom(...NAMES) }),
  fc.record({ kind: fc.constant("calls" as const), holder }),
  fc.record({ kind: fc.constant("lets go" as const), holder }),
  fc.record({ kind: fc.constant("is needed" as const), holder, isNeeded: fc.boolean() }),
  fc.record({ kind: fc.constant("sweep" as const) }),
);

test(
  "H7 whoever holds or finds an object of one name has the same one, whatever sleeps, is swept and wakes",
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 40, size: "max" }), (steps) => {
        const items = new Pool<Pooled & { isNeeded: boolean }>((name) => ({
          ...{ name, sleep: () => true, isNeeded: false },
        }));
        const held = new Map<number, Pooled & { isNeeded: boolean }>();
        for (const each of steps) {
          const item = "holder" in each ? held.get(each.holder) : undefined;
          if (each.kind === "finds") held.set(each.holder, items.get(each.name));
          else if (each.kind === "lets go") held.delete(each.holder);
          else if (each.kind === "sweep") items.sweep(0);
          else if (each.kind === "is needed" && item !== undefined) item.isNeeded = each.isNeeded;
          else if (item !== undefined) items.woke(item);
          for (const name of NAMES) {
            const all = [...held.values(), ...items.awake].filter((one) => one.name === name);
            expect(new Set(all).size, `objects of the name ${name}`).toBeLessThanOrEqual(1);
          }
        }
      }),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
