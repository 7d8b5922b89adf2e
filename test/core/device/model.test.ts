/**
 * Random interleavings of everything that happens to a device, against a model of a correct device app and of what
 * senders may be told. A failure prints its seed and the shortest list of steps; FUZZ_SEED plays a seed again,
 * FUZZ_RUNS sets how many lists are played (default 120).
 */
import fc from "fast-check";
import { test } from "vitest";
import { step } from "./model/steps.ts";
import { World } from "./model/world.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 120);
const SEED = process.env["FUZZ_SEED"];
/** A list with bursts that fill mailboxes takes a few hundred milliseconds; most take one. */
const TIMEOUT_MS = 30_000 + RUNS * 200;

test(
  "P1.1 P2.1 P3.1 P4 P8.1 every accepted message is shown once or named, in order, whatever happens between",
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 150, size: "max" }), (steps) =>
        new World().play(steps),
      ),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  },
  TIMEOUT_MS,
);
