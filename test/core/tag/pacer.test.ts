import { describe, expect, test } from "vitest";
import { Pacer } from "../../../core/tag/fan-out/pacer.ts";

/** A clock that moves only while somebody sleeps. */
function clockAt(start: number) {
  const clock = {
    at: start,
    now: () => clock.at,
    sleep: async (ms: number) => {
      clock.at += ms;
    },
  };
  return clock;
}

describe("the pace of a broadcast", () => {
  test("B6 lets one through every so often, and none after the end", async () => {
    const clock = clockAt(1_000_000);
    const pacer = new Pacer(clock, 10);
    for (let count = 0; count < 10; count++) expect(await pacer.admit(1_001_000)).toBe(true);
    expect(clock.at).toBe(1_000_900);
    expect(await pacer.admit(1_001_000)).toBe(false);
  });

  test("B6 a pause is not caught up on beyond a second", async () => {
    const clock = clockAt(1_000_000);
    const pacer = new Pacer(clock, 10);
    await pacer.admit(Number.POSITIVE_INFINITY);
    clock.at += 60_000;
    for (let count = 0; count < 11; count++) await pacer.admit(Number.POSITIVE_INFINITY);
    expect(clock.at).toBe(1_060_000);
    await pacer.admit(Number.POSITIVE_INFINITY);
    expect(clock.at).toBe(1_060_100);
  });

  test("P1.6 B6 a clock that is set back is not waited for", async () => {
    const clock = clockAt(10_000_000);
    const pacer = new Pacer(clock, 10);
    await pacer.admit(10_010_000);
    clock.at -= 3_600_000;
    const from = clock.at;
    expect(await pacer.admit(10_010_000)).toBe(true);
    expect(clock.at - from).toBe(100);
  });
});
