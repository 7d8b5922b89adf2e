import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { overBudget, type RateLimits } from "../../worker/workers/budgets.ts";
import { ORIGIN, problemOf } from "./support/mesh.ts";

const limits = env as unknown as RateLimits;
const ask = (path: string, method: string, from: string | null) => {
  const headers: HeadersInit = from === null ? {} : { "cf-connecting-ip": from };
  return overBudget(new Request(ORIGIN + path, { method, headers }), limits);
};

it("S45 Cloudflare counts accounts by the network that it names, and refuses with the longest time to wait", async () => {
  let refused: Response | null = null;
  let admitted = 0;
  // The window may turn in between.
  while (refused === null && admitted < 1_000) {
    refused = await ask("/v1/devices", "POST", "2001:db8::1");
    if (refused === null) admitted++;
  }
  expect(admitted).toBeGreaterThanOrEqual(300);
  if (refused === null) throw new Error("nothing was refused");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
  expect((await problemOf(refused)).code).toBe("too_many_requests");
  expect(await ask("/v1/devices", "POST", "2001:db8::2")).not.toBeNull();
  expect(await ask("/v1/devices", "POST", "2001:db8:0:1::2")).toBeNull();
  expect(await ask("/v1/%64evices", "POST", "2001:db8::2")).not.toBeNull();
  // Another budget, no budget, and no address.
  expect(await ask("/v1/connect", "GET", "2001:db8::1")).toBeNull();
  expect(await ask("/v1/messages", "POST", "2001:db8::1")).toBeNull();
  expect(await ask("/v1/devices", "POST", null)).toBeNull();
});
