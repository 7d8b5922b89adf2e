/**
 * Random interleavings of everything that happens to a device in tags and with aliases, against nodes that keep their whole log and an app
 * that knows what it is in and what it holds. A failure prints its seed and the shortest list of steps: see support/fuzz.ts.
 */
import fc from "fast-check";
import { test } from "vitest";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { HOSTS } from "../support/runtime/fake-runtime.ts";
import { step } from "./broadcasts/steps.ts";
import { World } from "./broadcasts/world.ts";

const RUNS = 300;

test.each(HOSTS)(
  "T1 T15 B1 B9 A1 P8.1 every broadcast that is accepted while a device is a member reaches it once, in order, and what it gave up lets it go, whatever happens between: $host",
  async ({ hibernates }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 120, size: "max" }), (steps) =>
        new World(hibernates).play(steps),
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
