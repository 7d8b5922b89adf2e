import { expect, inject, test } from "vitest";
import { chaosSeed } from "../../chaos/options.ts";
import { summary, tabsChaos } from "./chaos.ts";

test("W1 W2 W3 W4 tabs that are opened, closed, crashed and frozen lose and double nothing, and none is replaced", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await tabsChaos({ sdk: inject("sdk"), seed, steps: 12, log });
  log(summary(verdict));
  expect(verdict).toMatchObject({ lost: [], doubled: [], disordered: [], replaced: [] });
  expect(verdict.mostLinks).toBeLessThanOrEqual(2);
  expect(verdict.seen).toBeGreaterThan(20);
});
