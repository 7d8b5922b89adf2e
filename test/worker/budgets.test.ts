import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { sealCredential } from "../../core/identity/credential.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { toBase64Url } from "../../schema/text.ts";
import { overBudget, type RateLimits } from "../../worker/workers/budgets.ts";
import { env as edge, ORIGIN, problemOf } from "./support/mesh.ts";

const limits = env as unknown as RateLimits;
const ask = (path: string, method: string, from: string | null, more: HeadersInit = {}) => {
  const headers = new Headers(more);
  if (from !== null) headers.set("cf-connecting-ip", from);
  return overBudget(new Request(ORIGIN + path, { method, headers }), limits, edge);
};

/** Asks for the link of a device. */
function connect(from: string, seed: number): Promise<Response | null> {
  const keyring = keyringOf(edge.MESH_KEYS ?? "");
  if (typeof keyring === "string") throw new Error(keyring);
  const parts = { deviceId: new Uint8Array(16).fill(seed), publicKey: new Uint8Array(32) };
  const cred = sealCredential(keyring, { ...parts, generation: 1 });
  const payload = toBase64Url(new TextEncoder().encode(JSON.stringify({ cred })));
  const offered = `pushmesh.v1, pushmesh.token.e30.${payload}.c2ln`;
  return ask("/v1/connect", "GET", from, { "sec-websocket-protocol": offered });
}

/** Asks until one is refused; how many were admitted. */
async function flood(request: () => Promise<Response | null>, most: number): Promise<number> {
  for (let admitted = 0; admitted < most; admitted++)
    if ((await request()) !== null) return admitted;
  return most;
}

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

it("S46 on Cloudflare neither strangers nor devices behind an address keep another device there out", async () => {
  const office = "192.0.2.7";
  const junk = () => ask("/v1/connect", "GET", office);
  // Those of two minutes fit if the window turns in between.
  expect(await flood(junk, 6_001)).toBeLessThanOrEqual(6_000);
  expect(await connect(office, 1)).toBeNull();
  const ofOne = await flood(() => connect(office, 2), 121);
  expect(ofOne).toBeGreaterThanOrEqual(60);
  expect(ofOne).toBeLessThanOrEqual(120);
  expect(await connect(office, 1)).toBeNull();
});

it("S46 on Cloudflare whoever has seen a token of a device uses up its links only in their own network", async () => {
  await flood(() => connect("198.51.100.1", 3), 121);
  expect(await connect("192.0.2.8", 3)).toBeNull();
});

it("S46 on Cloudflare a mesh without keys answers by itself that it has none", async () => {
  const { MESH_KEYS: _, ...keyless } = edge;
  const headers = {
    "cf-connecting-ip": "192.0.2.9",
    "sec-websocket-protocol": "pushmesh.token.a.b.c",
  };
  const request = new Request(`${ORIGIN}/v1/connect`, { headers });
  expect(await overBudget(request, limits, keyless as typeof edge)).toBeNull();
});
