/**
 * Random interleavings of everything that happens to a device, against a model of a correct device app and of what
 * senders may be told. A failure prints its seed, its path and the shortest list of steps: see support/fuzz.ts.
 */
import fc from "fast-check";
import { test } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { HOSTS } from "../support/runtime/fake-runtime.ts";
import { step } from "./model/steps.ts";
import { World } from "./model/world.ts";

const RUN = fuzz(120);
/** A list with bursts that fill mailboxes takes a few hundred milliseconds; most take one. */
const TIMEOUT_MS = 30_000 + RUN.numRuns * 200;

test.each(HOSTS)(
  "P1.1 P2.1 P3.1 P4 P8.1 S25 S26 every accepted message is shown once or named, in order, whatever happens between: $host",
  async ({ hibernates }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 150, size: "max" }), (steps) =>
        new World(hibernates).play(steps),
      ),
      RUN,
    );
  },
  TIMEOUT_MS,
);
