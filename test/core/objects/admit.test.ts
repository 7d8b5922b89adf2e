/** Grants as an app's object takes them: made by `jose`, an independent implementation, and every way in which one is wrong. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { AdmitAnswer, AdmitRequest } from "../../../core/app/admission.ts";
import type { AppStore, StoredKey } from "../../../core/app/app.ts";
import { grantMark } from "../../../core/app/denials.ts";
import { type AppPolicy, DEFAULT_POLICY, OPEN_POLICY } from "../../../core/trust/policy.ts";
import { AppShell } from "../../../objects/app/app-shell.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url } from "../../../schema/text.ts";
import { VirtualClock } from "../support/runtime/clock.ts";
import { Disk } from "../support/runtime/disk.ts";
import { FakeRuntime } from "../support/runtime/fake-runtime.ts";
import { Life } from "../support/runtime/life.ts";

const APP_ID = "AAAAAAAAAAAAAAAAAAAAAA";
const START_MS = 1_793_491_200_000;
const NOW = START_MS / 1_000;
const secret = new Uint8Array(32).fill(7);
const pair = await generateKeyPair("EdDSA", { extractable: true });
const other = await generateKeyPair("EdDSA", { extractable: true });
const publicKey = fromBase64Url((await exportJWK(pair.publicKey)).x ?? "") ?? new Uint8Array();

const KEYS = [
  { n: 1, algorithm: "hmac-sha256", material: secret, createdAt: 0 },
  { n: 2, algorithm: "ed25519", material: publicKey, createdAt: 0 },
].map((key) => ({ ...key, scopes: ["grant"], expiresAt: null, lastUsedAt: null }) as StoredKey);

function shellOf(
  policy: AppPolicy = DEFAULT_POLICY,
  keys = KEYS,
  clock = new VirtualClock(START_MS),
): AppShell {
  const store: Partial<AppStore> = {
    app: () => ({ name: "shop", createdAt: 0 }),
    trust: () => ({ policy, version: 3 }),
    denials: () => [{ kind: "grant", name: grantMark("revoked"), expiresAt: START_MS + 60_000 }],
    keys: () => keys,
  };
  const disk = new Disk(store as AppStore, (stored) => stored);
  const runtime = new FakeRuntime({
    ...{ name: APP_ID, clock, hibernates: true, disk, life: new Life(), seed: 1 },
  });
  return new AppShell(runtime, crypto.subtle);
}

const REQUEST: AdmitRequest = {
  ...{ device: "ZGV2aWNl", regId: null, grant: null, held: null, kind: "register" },
};

const CLAIMS = { aud: "pushmesh", iat: NOW, exp: NOW + 3_600, jti: "g1" };

type Key = Parameters<SignJWT["sign"]>[0];

const grant = (
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: Key = secret,
): Promise<string> =>
  new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({
      ...{ alg: "HS256", typ: "pushmesh-grant+jwt", kid: `${APP_ID}.k1` },
      ...header,
    })
    .sign(key);

const admit = async (token: string | null, fields: Partial<AdmitRequest> = {}, shell = shellOf()) =>
  shell.admit({ ...REQUEST, ...fields, grant: token });

const said = (answer: AdmitAnswer): string =>
  answer.ok ? "admitted" : `${answer.code}: ${answer.detail ?? ""}`;

describe("a grant that jose signed", () => {
  test.each([
    ["HS256", {}, secret],
    ["EdDSA", { alg: "EdDSA", kid: `${APP_ID}.k2` }, pair.privateKey],
  ] as const)("S1 admits a registration: %s", async (_, header, key) => {
    const claims = { aliases: ["me"], tags: [{ prefix: "news/" }], attributes: { plan: "pro" } };
    const answer = await admit(await grant(claims, header, key));
    expect(answer).toMatchObject({
      ...{
        ok: true,
        trustVersion: 3,
        lapsed: null,
        policy: { alias: [], tag: [], closedTags: [] },
      },
      grant: { ...claims, jti: "g1", exp: NOW + 3_600 },
    });
  });

  const long = "x".repeat(LIMITS.TOKEN_CHARS);
  const names = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["another audience", { aud: "other" }, /^grant_invalid: claim aud/],
    ["no jti", { jti: undefined }, /^grant_invalid: claim jti/],
    ["no iat", { iat: undefined }, /^grant_invalid: claim iat/],
    ["no exp", { exp: undefined }, /^grant_invalid: claim exp/],
    ["a time that is no number", { exp: "soon" }, /^grant_invalid: claim exp/],
    ["over", { iat: NOW - 7_200, exp: NOW - 61 }, /^grant_expired: exp was 61 s ago/],
    ["not begun", { iat: NOW + 61, exp: NOW + 90 }, /^grant_expired: iat is 61 s ahead/],
    ["ending before it begins", { exp: NOW - 1 }, /^grant_invalid: exp must be/],
    [
      "too long alive",
      { exp: NOW + LIMITS.GRANT_MAX_AGE_SECONDS + 1 },
      /^grant_invalid: exp must be 1 to 2592000 s/,
    ],
    ["for another device", { device: "b3RoZXI" }, /^grant_invalid: claim device/],
    ["for a registration that is not this", { regId: "r2" }, /^grant_invalid: claim regId/],
    ["not for registering", { register: false }, /^not_granted: claim register/],
    ["of a register that is no boolean", { register: 1 }, /^grant_invalid: claim register/],
    ["with a name that is none", { aliases: [7] }, /^grant_invalid: claim aliases/],
    ["with an empty name", { tags: [""] }, /^grant_invalid: claim tags/],
    ["with a name too long", { tags: ["é".repeat(65)] }, /^grant_invalid: claim tags/],
    ["with too many names", { tags: names(LIMITS.GRANT_NAMES + 1) }, /^grant_invalid: claim tags/],
    ["with names that are no list", { tags: "a" }, /^grant_invalid: claim tags/],
    ["with attributes that are no texts", { attributes: { a: 1 } }, /^grant_invalid: claim attr/],
    ["too long", { tags: [long] }, /^grant_invalid: \d+ characters, at most 2048/],
  ])("S1 is refused if it is %s", async (_, claims, problem) => {
    expect(said(await admit(await grant(claims)))).toMatch(problem);
  });

  test.each<[string, Record<string, unknown>, Key, RegExp]>([
    ["has another type", { typ: "pushmesh-listen+jwt" }, secret, /^grant_invalid: typ must be/],
    ["has no key", { kid: undefined }, secret, /^grant_invalid: kid names no key/],
    [
      "names a key of another app",
      { kid: `${"B".repeat(22)}.k1` },
      secret,
      /^grant_invalid: kid names no key of this app$/,
    ],
    ["names a key that is revoked", { kid: `${APP_ID}.k9` }, secret, /that may sign grants$/],
    [
      "has the algorithm of another key",
      { alg: "EdDSA" },
      pair.privateKey,
      /^grant_invalid: alg must be HS256/,
    ],
    ["is signed by nobody's key", {}, new Uint8Array(32), /signature verification failed/],
    [
      "is signed by another pair",
      { alg: "EdDSA", kid: `${APP_ID}.k2` },
      other.privateKey,
      /signature verification failed/,
    ],
    [
      "takes the public key for a secret",
      { kid: `${APP_ID}.k2` },
      publicKey,
      /^grant_invalid: alg must be EdDSA/,
    ],
  ])("S1 is refused if it %s", async (_, header, key, problem) => {
    expect(said(await admit(await grant({}, header, key)))).toMatch(problem);
  });

  test("S1 is refused if one character of it is another, wherever that is, and if it is no JWS at all", async () => {
    const token = await grant({ aliases: ["me"] });
    for (let at = 0; at < token.length; at += 7) {
      const forged = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
      expect(said(await admit(forged)), `${at}`).toMatch(/^grant_invalid/);
    }
    for (const junk of ["", ".", "..", "a.b.c", `${token}.x`, token.slice(0, -2), "é.é.é"])
      expect(said(await admit(junk)), junk).toMatch(/^grant_invalid/);
    const [head, body] = token.split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(said(await admit(`${none}.${body}.`))).toMatch(/^grant_invalid: alg must be/);
    expect(said(await admit(`${head}.${body}.`))).toMatch(/^grant_invalid/);
  });

  test("S1 is refused if its key may not sign grants, or is over", async () => {
    for (const change of [{ scopes: ["send", "manage", "read"] }, { expiresAt: START_MS }]) {
      const keys = KEYS.map((key) => ({ ...key, ...change })) as StoredKey[];
      const shell = shellOf(DEFAULT_POLICY, keys);
      expect(said(await admit(await grant(), {}, shell))).toMatch(/that may sign grants$/);
    }
  });

  test("S1 is refused if it is wrong, even if the app is open", async () => {
    const wrong = await grant({}, {}, new Uint8Array(32));
    expect(said(await admit(wrong, {}, shellOf(OPEN_POLICY)))).toMatch(/^grant_invalid/);
    const right = await grant({ device: REQUEST.device });
    expect(said(await admit(right, {}, shellOf(OPEN_POLICY)))).toBe("admitted");
  });
});

describe("without a grant", () => {
  test.each([
    ["open", "admitted"],
    ["granted", "grant_required: "],
    ["server", "not_granted: the policy lets no device register"],
  ] as const)("S1 an app whose policy is %s answers: %s", async (register, answer) => {
    const shell = shellOf({ ...DEFAULT_POLICY, register });
    expect(said(await admit(null, {}, shell))).toBe(answer);
  });

  test("S1 a registration that stands is lapsed once its key is gone, its time is over, or its app asks for one", async () => {
    const first = await admit(await grant());
    if (!first.ok) throw new Error("not admitted");
    const check = { regId: "r1", held: first.grant, kind: "check" } as const;
    expect(await admit(null, check)).toMatchObject({ ok: true, lapsed: null });
    expect(await admit(null, check, shellOf(DEFAULT_POLICY, []))).toMatchObject({
      lapsed: "grant_invalid",
    });
    const over = { ...first.grant, exp: NOW - 61 } as typeof first.grant;
    expect(await admit(null, { ...check, held: over })).toMatchObject({ lapsed: "grant_expired" });
    expect(await admit(null, { ...check, held: null })).toMatchObject({ lapsed: "grant_required" });
  });

  test("S1 a revoked grant admits nobody, and a registration that stands by it is lapsed", async () => {
    const revoked = await grant({ jti: "revoked" });
    for (const shell of [shellOf(), shellOf(OPEN_POLICY)])
      expect(said(await admit(revoked, {}, shell))).toBe("grant_invalid: it was revoked");
    const first = await admit(await grant());
    if (!first.ok || first.grant === null) throw new Error("not admitted");
    const held = { ...first.grant, jti: "revoked" };
    const check = { regId: "r1", held, kind: "check" } as const;
    for (const shell of [shellOf(), shellOf(OPEN_POLICY)])
      expect(await admit(null, check, shell)).toMatchObject({ ok: true, lapsed: "grant_invalid" });
    // Another one of the same key is not.
    expect(said(await admit(await grant({ jti: "g2" }), { regId: "r1", held }))).toBe("admitted");
  });

  test("S1 an app that was removed admits nobody", async () => {
    const runtime = new FakeRuntime({
      ...{ name: APP_ID, clock: new VirtualClock(START_MS), hibernates: true, seed: 1 },
      disk: new Disk({ app: () => null } as Partial<AppStore> as AppStore, (stored) => stored),
      life: new Life(),
    });
    const shell = new AppShell(runtime, crypto.subtle);
    expect(said(await admit(await grant(), {}, shell))).toMatch(/^app_unknown/);
  });
});

test("S52 strangers who register an open app without end keep out no device with a grant, and write nothing", async () => {
  const clock = new VirtualClock(START_MS);
  // A store that takes no writes.
  const shell = shellOf(OPEN_POLICY, KEYS, clock);
  let admitted = 0;
  for (let n = 0; n < LIMITS.APP_REGISTRATIONS_BURST + 100; n++)
    if ((await admit(null, { device: `${n}` }, shell)).ok) admitted++;
  expect(admitted).toBe(LIMITS.APP_REGISTRATIONS_BURST);
  expect(await admit(null, {}, shell)).toMatchObject({
    ...{ ok: false, code: "rate_limited", retryAfterMs: 10 },
  });
  expect(said(await admit(await grant(), {}, shell))).toBe("admitted");
  // One that stands is none of them.
  expect(said(await admit(null, { regId: "standing" }, shell))).toBe("admitted");
  expect(said(await admit(null, { kind: "check" }, shell))).toBe("admitted");
  clock.setBack(-9);
  expect((await admit(null, {}, shell)).ok).toBe(false);
  clock.setBack(-1);
  expect((await admit(null, {}, shell)).ok).toBe(true);
});

test("S52 strangers who make up grants have the app's object check so many and no more; a good grant gets in by its repeats", async () => {
  const clock = new VirtualClock(START_MS);
  const shell = shellOf(DEFAULT_POLICY, KEYS, clock);
  const [good, forged] = [await grant(), await grant({}, {}, new Uint8Array(32).fill(8))];
  let checked = 0;
  for (let n = 0; n < LIMITS.APP_REFUSED_GRANTS_BURST + 100; n++) {
    const answer = await admit(forged, { device: `${n}` }, shell);
    expect(answer.ok).toBe(false);
    if (!answer.ok && answer.code === "grant_invalid") checked++;
  }
  expect(checked).toBe(LIMITS.APP_REFUSED_GRANTS_BURST);
  expect(await admit(good, {}, shell)).toMatchObject({ code: "rate_limited", retryAfterMs: 10 });
  // Whoever has a registration asks as before, and who has no grant hears that it needs one.
  expect(said(await admit(good, { regId: "standing", kind: "renew" }, shell))).toBe("admitted");
  const stands = shellOf(OPEN_POLICY, KEYS, clock);
  const first = await admit(good, {}, stands);
  if (!first.ok || first.grant === null) throw new Error("not admitted");
  // Anybody may register an open app, and renew with what it made up: that leaves those alone that have a grant, and new devices.
  const renewal = { regId: "standing", kind: "renew" } as const;
  let renewed = 0;
  for (let n = 0; n < LIMITS.APP_REFUSED_GRANTS_BURST + 100; n++) {
    const answer = await admit(forged, renewal, stands);
    if (!answer.ok && answer.code === "grant_invalid") renewed++;
  }
  expect(renewed).toBe(LIMITS.APP_REFUSED_GRANTS_BURST);
  expect(await admit(good, renewal, stands)).toMatchObject({ code: "rate_limited" });
  expect(said(await admit(good, { ...renewal, held: first.grant }, stands))).toBe("admitted");
  expect(said(await admit(good, {}, stands))).toBe("admitted");
  expect(await admit(null, {}, shell)).toMatchObject({ code: "grant_required" });
  // A good one uses nothing of it.
  clock.setBack(-10);
  for (let n = 0; n < 100; n++) expect(said(await admit(good, {}, shell))).toBe("admitted");
});
