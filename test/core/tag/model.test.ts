/**
 * Random interleavings of everything that happens to the tags of an app, with calls between all objects that fail, hang and
 * are late. A failure prints its seed and the shortest list of steps: see support/fuzz.ts.
 */
import fc from "fast-check";
import { test } from "vitest";
import { FAULTS } from "../support/faults.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { History } from "./model/history.ts";
import { step } from "./model/steps.ts";

const RUNS = 150;

test.each([
  ["one call in five fails, hangs or is late", true],
  ["nothing fails but what a probe puts out of order", false],
])(
  "B1 B4 B8 B9 B11 B13 B15 B24 T1 each broadcast comes to each member once, in order, and is told as it was: %s",
  async (_, isRough) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 80, size: "max" }),
        fc.infiniteStream(fc.nat(5 * FAULTS.length - 1)),
        (steps, dice) => {
          const throwDice = () => FAULTS[dice.next().value ?? FAULTS.length] ?? null;
          return new History(isRough ? throwDice : null).play(steps);
        },
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
