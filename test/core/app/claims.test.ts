import { expect, test } from "vitest";
import { BroadcastClaims } from "../../../core/app/claims.ts";
import { LIMITS } from "../../../schema/limits.ts";

test("B4 a key is one request's at a time, until it gives it up or has died", () => {
  const claims = new BroadcastClaims();
  expect(claims.claim("a", "first", 0)).toBe(true);
  expect(claims.claim("a", "second", 29_999)).toBe(false);
  expect(claims.claim("b", "second", 0)).toBe(true);
  claims.release("a", "first");
  expect(claims.claim("a", "second", 1)).toBe(true);
  expect(claims.claim("a", "third", 30_001)).toBe(true);
});

test("B4 a claim whose answer was lost is its request's, and a late release ends no other's", () => {
  const claims = new BroadcastClaims();
  expect(claims.claim("a", "first", 0)).toBe(true);
  expect(claims.claim("a", "first", 1)).toBe(true);
  claims.release("a", "second");
  expect(claims.claim("a", "second", 2)).toBe(false);
});

test("P8.1 so many keys are known at once: the oldest goes for one more", () => {
  const claims = new BroadcastClaims();
  for (let n = 0; n < LIMITS.BROADCAST_CLAIMS; n++) claims.claim(`${n}`, "first", 0);
  expect(claims.claim("0", "second", 1)).toBe(false);
  expect(claims.claim("more", "second", 1)).toBe(true);
  expect(claims.claim("0", "second", 1)).toBe(true);
});
