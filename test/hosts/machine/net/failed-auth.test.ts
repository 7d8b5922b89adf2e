/** How often a network may fail to say who it is, and whom that shuts out. */
import { expect, test } from "vitest";
import { sealAppId } from "../../../../core/identity/app-id.ts";
import { sealCredential } from "../../../../core/identity/credential.ts";
import { deviceName } from "../../../../core/identity/device-id.ts";
import { FailedAuth } from "../../../../hosts/machine/net/admission/failed-auth.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { KEYRING } from "../../support/keyring.ts";

const ADDRESS = "192.0.2.1";
const BURST = LIMITS.FAILED_AUTH_BURST;
const INTERVAL_MS = 1_000 / LIMITS.FAILED_AUTH_PER_SECOND;

type Asked = Parameters<FailedAuth["failed"]>[1];

const request = (method: string, fields: Readonly<Record<string, string>> = {}): Asked => ({
  method,
  target: "/v1/messages",
  fields: new Map(Object.entries(fields)),
  isUpgrade: "sec-websocket-protocol" in fields,
});
const connect = (payload: string): Asked => {
  const token = `e30.${Buffer.from(payload).toString("base64url")}.c2ln`;
  return request("GET", { "sec-websocket-protocol": `pushmesh.v1, pushmesh.token.${token}` });
};
const credential = (seed: number): string =>
  sealCredential(KEYRING, {
    deviceId: new Uint8Array(16).fill(seed),
    generation: 1,
    publicKey: new Uint8Array(32).fill(seed),
  });
const device = (seed: number): Asked => connect(JSON.stringify({ cred: credential(seed) }));
const signed = (keyId: string): Asked =>
  request("POST", { "signature-input": `sig=("@method");created=1;keyid="${keyId}"` });
const JUNK = request("GET", { "sec-websocket-protocol": "pushmesh.v1, pushmesh.token.x" });

/** @param guests devices that registered nothing */
function failedAuthOf(guests: readonly number[] = []) {
  let now = 1_000;
  const names = new Set(guests.map((seed) => deviceName(new Uint8Array(16).fill(seed))));
  const isRegistered = (name: string) => !names.has(name);
  const failedAuth = new FailedAuth({ keyring: KEYRING, isRegistered, now: () => now });
  const fail = (times: number, asked = JUNK, address = ADDRESS) => {
    for (let i = 0; i < times; i++) failedAuth.failed(address, asked);
  };
  const isRefused = (asked = JUNK, address = ADDRESS) =>
    failedAuth.refusalOf(address, asked) !== null;
  return { failedAuth, fail, isRefused, wait: (ms: number) => (now += ms) };
}

test("P8.13 a network may fail as often as the limit says, and not once more, until time has paid for it", () => {
  const { failedAuth, fail, isRefused, wait } = failedAuthOf();
  fail(BURST - 1);
  expect(isRefused()).toBe(false);
  fail(1);
  expect(failedAuth.refusalOf(ADDRESS, JUNK)).toMatchObject({
    code: "too_many_failures",
    retryAfterMs: INTERVAL_MS,
  });
  wait(INTERVAL_MS - 1);
  expect(isRefused()).toBe(true);
  wait(1);
  expect(isRefused()).toBe(false);
  // One is paid for, and no more.
  fail(1);
  expect(isRefused()).toBe(true);
  wait(BURST * INTERVAL_MS);
  fail(BURST - 1);
  expect(isRefused()).toBe(false);
});

test("P8.13 only what fails counts, and only against its network", () => {
  const { failedAuth, fail, isRefused } = failedAuthOf();
  for (let i = 0; i < 3 * BURST; i++) failedAuth.answered(ADDRESS, signed("a.k1"), 404);
  expect(isRefused()).toBe(false);
  for (let i = 0; i < BURST; i++) failedAuth.answered(ADDRESS, signed("a.k1"), 401);
  expect(isRefused()).toBe(true);
  expect(isRefused(JUNK, "192.0.2.2")).toBe(false);
  fail(BURST, JUNK, "2001:db8::1");
  expect(isRefused(JUNK, "2001:db8::2")).toBe(true);
  expect(isRefused(JUNK, "2001:db8:0:1::2")).toBe(false);
  // A local proxy brings everybody from there.
  fail(3 * BURST, JUNK, "127.0.0.1");
  expect(isRefused(JUNK, "127.0.0.1")).toBe(false);
});

test("P8.13 behind the same address, no registered device is shut out, nor an app server that was let in", () => {
  const { failedAuth, fail, isRefused } = failedAuthOf();
  failedAuth.answered(ADDRESS, signed("good.k1"), 200);
  fail(3 * BURST);
  expect(isRefused(device(1))).toBe(false);
  expect(isRefused(signed("good.k1"))).toBe(false);
  // What shows nothing costs nothing to check.
  expect(isRefused(request("GET"))).toBe(false);
  expect(isRefused(request("OPTIONS"))).toBe(false);

  expect(isRefused(signed("other.k1"))).toBe(true);
  expect(isRefused(request("GET", { authorization: "Bearer x" }))).toBe(true);
  expect(isRefused(request("POST"))).toBe(true);
  // Nothing that only looks like a credential passes for one.
  const forged = `${credential(1).slice(0, -2)}AA`;
  for (const payload of [JSON.stringify({ cred: forged }), "{}", "x", '{"cred":7}', "null", ""]) {
    expect([payload, isRefused(connect(payload))]).toEqual([payload, true]);
  }
});

test("P8.13 whoever has a credential and no key to it is refused by its device, at that address", () => {
  const { fail, isRefused } = failedAuthOf();
  fail(BURST, device(1));
  expect(isRefused(device(1))).toBe(true);
  expect(isRefused(device(2))).toBe(false);
  expect(isRefused(JUNK)).toBe(false);
  expect(isRefused(device(1), "192.0.2.2")).toBe(false);
});

test("P8.13 all accounts of a network that registered nothing have one budget, apart from junk and from devices that did", () => {
  const guests = Array.from({ length: 50 }, (_, n) => n + 1);
  const { fail, isRefused } = failedAuthOf(guests);
  for (const seed of guests) fail(BURST / 50, device(seed));
  expect(isRefused(device(1))).toBe(true);
  expect(isRefused(JUNK)).toBe(false);
  expect(isRefused(device(60))).toBe(false);
  expect(isRefused(device(1), "192.0.2.2")).toBe(false);
  fail(3 * BURST);
  expect(isRefused(device(1), "192.0.2.2")).toBe(false);
});

test("P8.13 keys that were good have one budget at each network where they were not, and none for an hour where they were", () => {
  const { failedAuth, fail, isRefused, wait } = failedAuthOf();
  const keys = ["a.k1", "b.k1"].map(signed);
  const [first, second] = keys as [Asked, Asked];
  for (const key of keys) failedAuth.answered("192.0.2.2", key, 202);
  // Junk from there is nothing to them.
  fail(3 * BURST);
  expect(isRefused(first)).toBe(false);
  fail(BURST, first);
  expect(isRefused(first)).toBe(true);
  expect(isRefused(second)).toBe(true);
  fail(3 * BURST, first, "192.0.2.2");
  expect(isRefused(first, "192.0.2.2")).toBe(false);
  wait(LIMITS.FAILED_AUTH_GOOD_KEY_MS - 1);
  expect(isRefused(first, "192.0.2.2")).toBe(false);
  failedAuth.answered("192.0.2.2", second, 202);
  wait(1);
  fail(BURST, first, "192.0.2.2");
  expect(isRefused(first, "192.0.2.2")).toBe(true);
  expect(isRefused(second, "192.0.2.2")).toBe(false);
});

test.each([
  ["a route that checks no signature", "GET", "/healthz", 200],
  ["another that is named like one", "GET", "/v1/messagesx", 200],
  ["a preflight", "OPTIONS", "/v1/messages", 204],
  ["a refusal", "POST", "/v1/messages", 422],
  ["a path that leads elsewhere", "GET", "/v1/messages/../../healthz", 200],
])(
  "P8.13 P8.5 the answer of %s says nothing of the key that is named",
  (_, method, target, status) => {
    const { failedAuth, fail, isRefused } = failedAuthOf();
    failedAuth.answered(ADDRESS, { ...signed("k"), method, target }, status);
    expect(failedAuth.senderOf(signed("k"))).toBeNull();
    fail(BURST);
    expect(isRefused(signed("k"))).toBe(true);
  },
);

test("P8.5 a request is vouched for whose key was let in, from wherever", () => {
  const { failedAuth } = failedAuthOf();
  expect(failedAuth.senderOf(signed("k"))).toBeNull();
  failedAuth.answered(ADDRESS, signed("k"), 202);
  expect(failedAuth.senderOf(signed("k"))).not.toBeNull();
  expect(failedAuth.senderOf(signed("other"))).toBeNull();
  expect(failedAuth.senderOf(request("GET"))).toBeNull();
});

test.each([
  ["names another key first", 'sig=();keyid="victim.k1";created=1;keyid="own.k1"'],
  ["names another key last", 'sig=();keyid="own.k1";created=1;keyid="victim.k1"'],
  ["has two inputs of one label", 'sig=();keyid="victim.k1", sig=();keyid="own.k1"'],
  ["names a key in a string", String.raw`sig=();tag=";keyid=";nonce="victim.k1"`],
])("P8.5 P8.13 a request counts for no key if its input %s", (_, text) => {
  const { failedAuth, fail, isRefused } = failedAuthOf();
  const asked = request("POST", { "signature-input": text });
  failedAuth.answered(ADDRESS, signed("victim.k1"), 202);
  expect(failedAuth.senderOf(asked)).toBeNull();
  failedAuth.answered("192.0.2.2", asked, 202);
  fail(BURST, JUNK, "192.0.2.2");
  expect(isRefused(asked, "192.0.2.2")).toBe(true);
});

test("P8.5 a request counts for the app of its key, however its input is spaced", () => {
  const { failedAuth } = failedAuthOf();
  const appId = sealAppId(KEYRING, new Uint8Array(8).fill(1));
  const spaced = request("POST", { "signature-input": `sig=( "@path" ); keyid="${appId}.k1"` });
  failedAuth.answered(ADDRESS, spaced, 202);
  expect(failedAuth.senderOf(spaced)).toBe(appId);
  expect(failedAuth.senderOf(signed(`${appId}.k1`))).toBe(appId);
});

test("P8.13 a key that sends all the time stays good", () => {
  const { failedAuth, fail, isRefused, wait } = failedAuthOf();
  for (let n = 0; n < 100; n++) {
    failedAuth.answered(ADDRESS, signed("a.k1"), 202);
    wait(LIMITS.FAILED_AUTH_GOOD_KEY_MS / 50);
  }
  fail(3 * BURST, signed("a.k1"));
  expect(isRefused(signed("a.k1"))).toBe(false);
});

test("P8.13 no more networks and keys are remembered than the limits say: the oldest are forgotten", () => {
  const { failedAuth, fail, isRefused } = failedAuthOf();
  fail(BURST);
  for (let i = 1; i < LIMITS.FAILED_AUTH_NETWORKS; i++) fail(1, JUNK, `${i}`);
  expect(isRefused()).toBe(true);
  fail(1, JUNK, "one more");
  expect(isRefused()).toBe(false);

  fail(BURST);
  for (let i = 0; i < LIMITS.FAILED_AUTH_GOOD_KEYS; i++) {
    failedAuth.answered(ADDRESS, signed(`${i}.k1`), 200);
  }
  expect(isRefused(signed("0.k1"))).toBe(false);
  failedAuth.answered(ADDRESS, signed("more.k1"), 202);
  expect(isRefused(signed("0.k1"))).toBe(true);
  expect(isRefused(signed("1.k1"))).toBe(false);

  for (let i = 1; i <= LIMITS.FAILED_AUTH_GOOD_KEY_NETWORKS; i++) {
    failedAuth.answered(`198.51.100.${i}`, signed("1.k1"), 200);
  }
  // It is known, and no longer from there.
  fail(BURST, signed("1.k1"));
  expect(isRefused(signed("1.k1"))).toBe(true);
  expect(isRefused(signed("1.k1"), "198.51.100.1")).toBe(false);
});
