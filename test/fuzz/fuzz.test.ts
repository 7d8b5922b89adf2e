/** A slice of the fuzzing in docs/security.md: from a new seed each time, which a failure prints. */
import { expect, test } from "vitest";
import { chaosSeed } from "../chaos/options.ts";
import { fuzz } from "./fuzz.ts";
import { promise } from "./target.ts";
import { TARGETS } from "./targets.ts";

const INPUTS = 5_000;
/** Of each target, at least: of the encrypted bodies, fewer than one in a hundred is taken, and none would show nothing. */
const TARGET_INPUTS = 2_500;
/** A read takes under a millisecond, a route a few. A quadratic one of a frame of full size takes seconds. */
const SLOWEST_MS = 1_000;

test.each(TARGETS)(
  "P8.2 P7.1 P7.2 whatever is sent as $name is taken or refused as documented, soon",
  async (target) => {
    const shares = TARGETS.reduce((sum, { share }) => sum + share, 0);
    const inputs = Math.max(TARGET_INPUTS, Math.round((INPUTS * target.share) / shares));
    const [result] = await fuzz({ inputs, seed: chaosSeed() }, [target]);
    expect(result?.broken).toEqual([]);
    // A target that takes nothing, or all, would show nothing.
    expect(result?.taken).toBeGreaterThan(0);
    expect(result?.taken).toBeLessThan(inputs);
    expect(result?.slowestMs).toBeLessThan(SLOWEST_MS);
  },
);

test("a target that breaks a promise, or throws what nobody documents, is told with its seed and number", async () => {
  const broken = { name: "broken", share: 1 };
  const attempt = (): boolean => {
    promise(false, () => "a promise");
    return true;
  };
  const thrower = (): boolean => {
    throw new RangeError("out of range");
  };
  for (const [one, text] of [
    [attempt, "a promise"],
    [thrower, "RangeError: out of range"],
  ] as const) {
    const [result] = await fuzz({ inputs: 1, seed: 7 }, [
      { ...broken, open: () => ({ attempt: one }) },
    ]);
    expect(result?.broken[0]).toMatch(/^broken, seed 7, input 0: /);
    expect(result?.broken[0]).toContain(text);
  }
});
