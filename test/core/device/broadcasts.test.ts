/**
 * Random interleavings of everything that happens to a device in tags, against nodes that keep their whole log and an app
 * that knows what it is in. A failure prints its seed and the shortest list of steps; FUZZ_SEED plays a seed again,
 * FUZZ_RUNS sets how many lists are played (default 300).
 */
import fc from "fast-check";
import { test } from "vitest";
import { step } from "./broadcasts/steps.ts";
import { World } from "./broadcasts/world.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 300);
const SEED = process.env["FUZZ_SEED"];
const TIMEOUT_MS = 30_000 + RUNS * 200;

test(
  "T1 B1 B9 P8.1 every broadcast that is accepted while a device is a member reaches it once, in order, whatever happens between",
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120, size: "max" }), (steps) =>
        new World().play(steps),
      ),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  },
  TIMEOUT_MS,
);
