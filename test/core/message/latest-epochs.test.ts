import { beforeEach, describe, expect, it } from "vitest";
import { LatestEpochs } from "../../../core/message/latest-epochs.ts";
import { LIMITS } from "../../../schema/limits.ts";

const NOW = 1_800_000_000_000;

describe("the latest order of a device", () => {
  let epochs: LatestEpochs;
  beforeEach(() => {
    epochs = new LatestEpochs(2);
  });

  it("P1.6 is the highest epoch, in whichever order they come", () => {
    expect(epochs.of("a", NOW)).toBe(0);
    epochs.add("a", 3, NOW);
    epochs.add("a", 2, NOW + 1);
    expect(epochs.of("a", NOW + 1)).toBe(3);
  });

  it("P1.6 is remembered for as long as a late one may come, and not from the future", () => {
    epochs.add("a", 3, NOW);
    expect(epochs.of("a", NOW + LIMITS.JOIN_LATE_MS)).toBe(3);
    expect(epochs.of("a", NOW + LIMITS.JOIN_LATE_MS + 1)).toBe(0);
    expect(epochs.of("a", NOW - 1)).toBe(0);
  });

  it("P8.1 is remembered of so many devices, those of the latest orders", () => {
    for (const device of ["a", "b", "a", "c"]) epochs.add(device, 1, NOW);
    expect(["a", "b", "c"].map((device) => epochs.of(device, NOW))).toEqual([1, 0, 1]);
  });
});
