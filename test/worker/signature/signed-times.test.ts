import { describe, expect, it } from "vitest";
import { timeFault } from "../../../core/identity/signed-times.ts";
import { LIMITS } from "../../../schema/limits.ts";

const NOW = 1_800_000_000;
const SKEW = LIMITS.CLOCK_SKEW_SECONDS;
const TOKEN = { issued: "iat", expires: "exp", maxLifeSeconds: 120 };
const SIGNATURE = { issued: "created", expires: "expires", maxAgeSeconds: 300 };

describe("the times of a token", () => {
  const fault = (issued: number, expires: number | undefined) =>
    timeFault({ issued: NOW + issued, expires: expires && NOW + expires }, TOKEN, NOW);

  it.each([
    [SKEW, SKEW + 120],
    [-1, 1],
    [-SKEW - 120, -SKEW],
  ])("P7.3 are good at their bounds: issued %i s, expiring %i s from now", (issued, expires) => {
    expect(fault(issued, expires)).toBeUndefined();
  });

  it.each([
    [SKEW + 1, SKEW + 2, "expired", `iat is ${SKEW + 1} s ahead`],
    [-SKEW - 2, -SKEW - 1, "expired", `exp was ${SKEW + 1} s ago`],
    [-10, -10, "invalid", "exp must be 1 to 120 s after iat"],
    [-10, 111, "invalid", "exp must be 1 to 120 s after iat"],
    [-10, undefined, "invalid", "exp must be 1 to 120 s after iat"],
  ] as const)(
    "P7.3 are refused past them: issued %i s, expiring %s s from now",
    (issued, expires, kind, detail) => {
      expect(fault(issued, expires)).toEqual({ fault: kind, detail });
    },
  );
});

describe("the times of a signature", () => {
  const fault = (created: number, expires?: number) =>
    timeFault({ issued: NOW + created, expires: expires && NOW + expires }, SIGNATURE, NOW);

  it.each([
    [SKEW, undefined],
    [-300 - SKEW, undefined],
    [-10, -SKEW],
  ])("P7.1 are good at their bounds: created %i s, expiring %s s from now", (created, expires) => {
    expect(fault(created, expires)).toBeUndefined();
  });

  it.each([
    [SKEW + 1, undefined, `created is ${SKEW + 1} s ahead`],
    [-301 - SKEW, undefined, `created is ${301 + SKEW} s ago; at most 300 s are taken`],
    [-10, -SKEW - 1, `expires was ${SKEW + 1} s ago`],
  ])(
    "P7.1 are refused past them: created %i s, expiring %s s from now",
    (created, expires, detail) => {
      expect(fault(created, expires)).toEqual({ fault: "expired", detail });
    },
  );
});
