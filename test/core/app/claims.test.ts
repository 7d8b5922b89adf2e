import { expect, test } from "vitest";
import { Claims } from "../../../core/app/claims.ts";
import { LIMITS } from "../../../schema/limits.ts";

test("B4 a key is one request's at a time, until it gives it up or has died", () => {
  const claims = new Claims();
  expect(claims.claim("a", 0)).toBe(true);
  expect(claims.claim("a", 29_999)).toBe(false);
  expect(claims.claim("b", 0)).toBe(true);
  claims.release("a");
  expect(claims.claim("a", 1)).toBe(true);
  expect(claims.claim("a", 30_001)).toBe(true);
});

test("P8.1 so many keys are known at once: the oldest goes for one more", () => {
  const claims = new Claims();
  for (let n = 0; n < LIMITS.BROADCAST_CLAIMS; n++) claims.claim(`${n}`, 0);
  expect(claims.claim("0", 1)).toBe(false);
  expect(claims.claim("more", 1)).toBe(true);
  expect(claims.claim("0", 1)).toBe(true);
});
