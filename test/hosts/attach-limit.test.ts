/** How many attaches of a device wait for no turn. */
import { expect, test } from "vitest";
import { attachLimit } from "../../objects/device/attach-limit.ts";

test("P8.3 forty attaches of a device in a second wait for no turn, whatever the clock does", () => {
  let now = 0;
  const mustWait = attachLimit(() => now);
  const waiting = (count: number): number =>
    Array.from({ length: count }, mustWait).filter((waits) => waits).length;
  expect(waiting(40)).toBe(0);
  now = 999;
  expect(waiting(100)).toBe(100);
  now = 1_000;
  expect(waiting(41)).toBe(1);
  now = -3_600_000;
  expect(waiting(41)).toBe(1);
});
