/**
 * Random interleavings of everything that happens to the tags of an app, with calls between all objects that fail, hang and
 * are late. A failure prints its seed and the shortest list of steps: see support/fuzz.ts.
 */
import fc from "fast-check";
import { test } from "vitest";
import { FAULTS } from "../support/faults.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { HOSTS } from "../support/runtime/fake-runtime.ts";
import { History } from "./model/history.ts";
import { step } from "./model/steps.ts";

const RUNS = 150;

const CASES = HOSTS.flatMap(({ host, hibernates }) => [
  { what: `one call in five fails, hangs or is late, ${host}`, isRough: true, hibernates },
  { what: `nothing fails but what a probe puts out of order, ${host}`, isRough: false, hibernates },
]);

test.each(CASES)(
  "B1 B4 B8 B9 B11 B13 B15 B24 B25 T1 X4 each broadcast comes to each member once, in order, and is told as it was: $what",
  async ({ isRough, hibernates }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 80, size: "max" }),
        fc.infiniteStream(fc.nat(5 * FAULTS.length - 1)),
        (steps, dice) => {
          const throwDice = () => FAULTS[dice.next().value ?? FAULTS.length] ?? null;
          return new History(isRough ? throwDice : null, hibernates).play(steps);
        },
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
