/** How much a network may ask for before anybody knows who it is, and whom that does not concern. */
import { expect, test } from "vitest";
import { sealCredential } from "../../../../core/identity/credential.ts";
import { deviceName } from "../../../../core/identity/device-id.ts";
import { RequestBudgets } from "../../../../hosts/machine/net/admission/request-budgets.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { KEYRING } from "../../support/keyring.ts";

const OFFICE = "192.0.2.1";
const ELSEWHERE = "192.0.2.2";

type Asked = Parameters<RequestBudgets["refusalOf"]>[1];

const ask = (method: string, target: string, fields: Record<string, string> = {}): Asked => ({
  ...{ method, target, fields: new Map(Object.entries(fields)) },
});
const ACCOUNT = ask("POST", "/v1/devices");
const LISTEN = ask("GET", "/v1/apps/a/tags/t/live?after=1");
const PAGE = ask("GET", "/docs/index.html");
const JUNK = ask("GET", "/v1/connect");
function connect(seed: number): Asked {
  const part = {
    deviceId: new Uint8Array(16).fill(seed),
    publicKey: new Uint8Array(32).fill(seed),
  };
  const cred = sealCredential(KEYRING, { ...part, generation: 1 });
  const payload = Buffer.from(JSON.stringify({ cred })).toString("base64url");
  const offered = `pushmesh.v1, pushmesh.token.e30.${payload}.c2ln`;
  return ask("GET", "/v1/connect", { "sec-websocket-protocol": offered });
}

/** @param guests devices that registered nothing */
function budgetsOf(guests: readonly number[] = []) {
  let now = 1_000;
  const names = new Set(guests.map((seed) => deviceName(new Uint8Array(16).fill(seed))));
  const isRegistered = (name: string) => !names.has(name);
  const budgets = new RequestBudgets({ keyring: KEYRING, isRegistered, now: () => now });
  const refusal = (asked: Asked, from = OFFICE) => budgets.refusalOf(from, asked);
  /** How many of these are admitted. */
  const flood = (times: number, asked: Asked, from = OFFICE): number => {
    let admitted = 0;
    for (let n = 0; n < times; n++) if (refusal(asked, from) === null) admitted++;
    return admitted;
  };
  return { refusal, flood, wait: (ms: number) => (now += ms) };
}

test.each([
  ["accounts", ACCOUNT, LIMITS.ACCOUNTS_BURST, LIMITS.ACCOUNTS_PER_SECOND],
  ["links of strangers", JUNK, LIMITS.CONNECTS_BURST, LIMITS.CONNECTS_PER_SECOND],
  ["listeners", LISTEN, LIMITS.LISTENS_BURST, LIMITS.LISTENS_PER_SECOND],
  ["pages", PAGE, LIMITS.PAGES_BURST, LIMITS.PAGES_PER_SECOND],
  ["links of one device", connect(1), LIMITS.LINKS_BURST, LIMITS.LINKS_PER_SECOND],
])(
  "S45 %s have a burst and a rate, and a refusal says when the next is let in",
  (_, asked, burst, perSecond) => {
    const { refusal, flood, wait } = budgetsOf();
    expect(flood(burst + 50, asked)).toBe(burst);
    const refused = refusal(asked);
    expect(refused).toMatchObject({ code: "too_many_requests", retryAfterMs: 1_000 / perSecond });
    wait(1_000 / perSecond - 1);
    expect(refusal(asked)).not.toBeNull();
    wait(1);
    expect(refusal(asked)).toBeNull();
    expect(refusal(asked)).not.toBeNull();
    // Refused ones used nothing: an hour later all of it is there, and no more.
    wait(3_600_000);
    expect(flood(2 * burst, asked)).toBe(burst);
  },
);

test.each([
  ["POST", "/v1/devices", "/v1/%64evices"],
  ["POST", "/v1/devices", "/%761/devices?x"],
  ["POST", "/v1/devices", "/v1/x/../devices"],
  ["POST", "/v1/devices", "/v1/x/%2E%2e/devices"],
  ["POST", "/v1/devices", "/v1\\devices"],
  ["GET", "/v1/connect", "/v1/conn%65ct"],
  ["HEAD", "/v1/connect", "/v1/connect"],
  ["GET", "/v1/apps/a/tags/t/live", "/v1/apps/%ff%61/tags/%/liv%65?after=1"],
  ["HEAD", "/v1/apps/a/tags/t/live", "/v1/apps/a/tags/%74/live"],
  ["GET", "/v1/apps/a/tags/t/live", "/v1/apps/a/tags/t\\u/live"],
])("S45 %s %s has one budget, however it is written: %s", (method, plain, written) => {
  const { refusal, flood } = budgetsOf();
  const budget = ask(method === "HEAD" ? "GET" : method, plain);
  flood(1_000, budget);
  expect(refusal(ask(method, written))).toMatchObject({ code: "too_many_requests" });
});

test("S45 a coded slash, question mark or percent sign makes no other path", () => {
  const { flood } = budgetsOf();
  for (const path of ["/v1%2Fdevices", "/v1/devices%3F", "/v1/%2564evices", "//v1/devices"]) {
    expect(flood(1_000, ask("POST", path))).toBe(1_000);
  }
});

test("S45 a network has its own budgets, an IPv6 one by /64, and loopback none", () => {
  const { refusal, flood } = budgetsOf();
  flood(LIMITS.LISTENS_BURST, LISTEN, "2001:db8::1");
  expect(refusal(LISTEN, "2001:db8::2")).not.toBeNull();
  expect(refusal(LISTEN, "2001:db8:0:1::2")).toBeNull();
  expect(refusal(ACCOUNT, "2001:db8::2")).toBeNull();
  expect(refusal(JUNK, "2001:db8::2")).toBeNull();
  expect(flood(2 * LIMITS.LISTENS_BURST, LISTEN, "127.0.0.2")).toBe(2 * LIMITS.LISTENS_BURST);
});

test("S45 many networks share a budget of accounts", () => {
  const { flood } = budgetsOf();
  let admitted = 0;
  for (let n = 0; n < 5_100; n++) admitted += flood(1, ACCOUNT, `10.${n >> 8}.${n & 255}.1`);
  expect(admitted).toBe(LIMITS.ALL_ACCOUNTS_BURST);
});

/** Networks that make as many accounts as they may, for a minute; then others come, 40 a second: how many of those are let in. */
function crowd(attackers: readonly string[], newcomers: readonly string[]) {
  const { refusal, flood, wait } = budgetsOf();
  const attack = () => {
    for (const from of attackers) while (refusal(ACCOUNT, from) === null);
  };
  for (let second = 0; second < 60; second++) {
    attack();
    wait(1_000);
  }
  let admitted = 0;
  for (const [n, from] of newcomers.entries()) {
    if (n % 20 === 0) attack();
    admitted += flood(1, ACCOUNT, from);
    wait(1_000 / 40);
  }
  return { admitted, flood };
}
const networks = (count: number, first: number) =>
  Array.from({ length: count }, (_, n) => `${first}.${n >> 8}.${n & 255}.7`);

test.each([
  ["ten", networks(10, 11)],
  ["three hundred", networks(300, 11)],
  ["a whole /48 of", Array.from({ length: 300 }, (_, n) => `2001:db8:1:${n.toString(16)}::1`)],
  ["a whole /24 of", Array.from({ length: 256 }, (_, n) => `203.0.113.${n}`)],
])(
  "S53 %s networks that make accounts without end keep no new device of another out",
  (_, attackers) => {
    const others = networks(600, 12);
    expect(crowd(attackers, others).admitted).toBe(others.length);
  },
);

test("S53 an office or a stadium that comes while ten networks attack gets most of its burst at once", () => {
  const { flood } = crowd(networks(10, 11), []);
  expect(flood(LIMITS.ACCOUNTS_BURST, ACCOUNT, OFFICE)).toBeGreaterThan(400);
});

test("S53 without others, a network has its own rate for as long as it likes", () => {
  const { flood, wait } = budgetsOf();
  flood(LIMITS.ACCOUNTS_BURST, ACCOUNT);
  for (let n = 0; n < 10_000; n++) {
    wait(1_000 / LIMITS.ACCOUNTS_PER_SECOND);
    expect(flood(1, ACCOUNT)).toBe(1);
  }
});

test("S46 strangers use nothing of a registered device, and one device nothing of another", () => {
  const { refusal, flood } = budgetsOf([9]);
  flood(LIMITS.CONNECTS_BURST, JUNK);
  expect(refusal(connect(9))).not.toBeNull();
  expect(refusal(connect(1))).toBeNull();
  flood(LIMITS.LINKS_BURST, connect(1));
  expect(refusal(connect(1))).not.toBeNull();
  expect(refusal(connect(2))).toBeNull();
});

test("S46 whoever has seen a token of a device does not use up its links in other networks", () => {
  const { refusal, flood } = budgetsOf();
  let admitted = 0;
  for (let n = 0; n < 8; n++) admitted += flood(50, connect(1), `198.51.100.${n}`);
  expect(admitted).toBe(400);
  expect(refusal(connect(1))).toBeNull();
  expect(flood(400, connect(1), ELSEWHERE)).toBe(LIMITS.LINKS_BURST);
  expect(refusal(connect(1), ELSEWHERE)).toMatchObject({ code: "too_many_requests" });
  expect(refusal(connect(1))).toBeNull();
});

test.each([
  ["POST", "/v1/messages"],
  ["GET", "/v1/messages/x"],
  ["POST", "/v1/tags/members"],
  ["POST", "/v1/apps"],
  ["GET", "/healthz"],
  ["OPTIONS", "/v1/devices"],
  ["GET", "/v1/devices"],
])("S46 %s %s uses no budget of a network", (method, target) => {
  const { flood } = budgetsOf();
  expect(flood(10_000, ask(method, target))).toBe(10_000);
});
