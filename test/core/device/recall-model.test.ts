/** Random interleavings in which senders recall messages: see model.test.ts. */
import fc from "fast-check";
import { test } from "vitest";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { HOSTS } from "../support/runtime/fake-runtime.ts";
import { recallStep } from "./model/steps.ts";
import { World } from "./model/world.ts";

const RUNS = 60;

test.each(HOSTS)(
  "X1 what was answered recalled is never shown, and what was shown is never called so: $host",
  async ({ hibernates }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(recallStep, { minLength: 5, maxLength: 150, size: "max" }),
        (steps) => new World(hibernates).play(steps),
      ),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
