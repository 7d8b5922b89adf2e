import { describe, expect, it } from "vitest";
import { sealCredential } from "../../core/identity/credential.ts";
import { deviceName, formerDeviceIdOf } from "../../core/identity/device-id.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { ERRORS } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url } from "../../schema/text.ts";
import { createApp, nowSeconds } from "./support/app.ts";
import {
  type Account,
  createKeys,
  type DeviceKeys,
  openAccount,
  postDevice,
  proof,
  randomText,
  sign,
} from "./support/device.ts";
import { TestLink } from "./support/link.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

const ids = (count = 1) => Array.from({ length: count }, () => randomText(32));

async function refused(body: unknown, code: string) {
  const { response, touched } = await fetchCounting(postDevice(body));
  const problem = await problemOf(response);
  expect(problem.code).toBe(code);
  expect(touched).toEqual(UNTOUCHED);
  return problem;
}

const open = async (keys: DeviceKeys, hashes: string[], handover?: string) => {
  const body = {
    proof: await proof(keys, hashes),
    ...(handover === undefined ? {} : { handover }),
  };
  return (await fetchCounting(postDevice(body))).response;
};

const handoverBy = (old: DeviceKeys, to: unknown, claims = {}) =>
  sign(old, "pushmesh-handover+jwt", { to, ...claims });

describe("a device account", () => {
  it("is made once, and found again by the same key and identifiers in any order", async () => {
    const keys = await createKeys();
    const hashes = ids(LIMITS.DEVICE_IDENTIFIERS);
    const made = await open(keys, hashes);
    expect(made.status).toBe(201);
    const account = await made.json<Account>();
    expect(account).toEqual({
      deviceId: expect.stringMatching(/^[\w-]{22}$/),
      generation: expect.any(Number),
      credential: expect.stringMatching(/^[\w-]{92}$/),
      now: expect.any(Number),
    });
    expect(account.generation).toBeGreaterThan(0);
    const link = await TestLink.open(keys, account);
    await link.register((await createApp()).appId);
    const found = await open(keys, hashes.toReversed());
    expect(found.status).toBe(200);
    const { deviceId, generation, credential } = await found.json<Account>();
    expect({ deviceId, generation, credential }).toEqual({
      deviceId: account.deviceId,
      generation: account.generation,
      credential: account.credential,
    });
    link.close();
  });

  it("of other identifiers is another device's", async () => {
    const keys = await createKeys();
    const [a, b] = [await openAccount(keys, ids()), await openAccount(keys, ids())];
    expect(a.deviceId).not.toBe(b.deviceId);
  });

  it("S20 P7.5 is not reached by another key with its identifiers, whose answer says nothing about it", async () => {
    const owner = await createKeys();
    const hashes = ids();
    const account = await openAccount(owner, hashes);
    const link = await TestLink.open(owner, account);
    await link.register((await createApp()).appId);
    const former = await formerDevice(owner);

    const shape = (response: Response, body: object) => ({
      status: response.status,
      headers: [...response.headers].filter(([name]) => name !== "content-length"),
      fields: Object.keys(body),
    });
    const unheard = await open(await createKeys(), ids());
    const expected = shape(unheard, await unheard.json<Account>());
    for (const known of [hashes, former.hashes]) {
      for (const signer of [undefined, await createKeys()]) {
        const stranger = await createKeys();
        const handover = signer && (await handoverBy(signer, stranger.jwk.x));
        const response = await open(stranger, known, handover);
        const body = await response.json<Account>();
        expect(shape(response, body)).toEqual(expected);
        expect([account.deviceId, former.deviceId]).not.toContain(body.deviceId);
        // It opens a link, and registers another device: nothing of the owner ends.
        const foreign = await TestLink.open(stranger, body);
        await foreign.register((await createApp()).appId);
        foreign.close();
      }
    }
    for (const [found, deviceId] of [
      [await open(owner, hashes), account.deviceId],
      [await open(owner, former.hashes), former.deviceId],
    ] as const) {
      expect(found.status).toBe(200);
      expect((await found.json<Account>()).deviceId).toBe(deviceId);
    }
    await link.describe();
    await former.link.describe();
    link.close();
    former.link.close();
  });

  it("S20 of a key that hands over ends; the newer key has one of its own, and the older none", async () => {
    const old = await createKeys();
    const hashes = ids();
    const account = await openAccount(old, hashes);
    const link = await TestLink.open(old, account);
    await link.register((await createApp()).appId);
    const newer = await createKeys();
    const handed = await open(newer, hashes, await handoverBy(old, newer.jwk.x));
    expect(handed.status).toBe(201);
    const own = await handed.json<Account>();
    expect(await link.closed).toBe(ERRORS.account_replaced.close);
    const refusal = await open(old, hashes);
    expect(await problemOf(refusal)).toMatchObject({ code: "device_active", retry: "never" });
    expect(refusal.headers.get("retry-after")).toBeNull();
    expect((await (await open(newer, hashes)).json<Account>()).deviceId).toBe(own.deviceId);
  });

  it("S20 of an earlier version is handed over under its device ID, with the next generation", async () => {
    const old = await createKeys();
    const { hashes, deviceId, link } = await formerDevice(old);
    const newer = await createKeys();
    const handed = await open(newer, hashes, await handoverBy(old, newer.jwk.x));
    expect(handed.status).toBe(201);
    expect(await handed.json<Account>()).toMatchObject({ deviceId, generation: 8 });
    expect(await link.closed).toBe(ERRORS.account_replaced.close);
    const found = await open(newer, hashes);
    expect(found.status).toBe(200);
    expect(await found.json<Account>()).toMatchObject({ deviceId, generation: 8 });
  });
});

/** A device that an earlier version gave the ID of its identifiers alone, registered and linked. */
async function formerDevice(keys: DeviceKeys) {
  const hashes = ids();
  const keyring = keyringOf(env.MESH_KEYS ?? "");
  const [x, hash] = [fromBase64Url(keys.jwk.x ?? ""), fromBase64Url(hashes[0] ?? "")];
  if (typeof keyring === "string" || x === undefined || hash === undefined) expect.unreachable();
  const deviceId = formerDeviceIdOf(keyring, [hash]);
  const credential = sealCredential(keyring, { deviceId, generation: 7, publicKey: x });
  const account = { deviceId: deviceName(deviceId), generation: 7, credential };
  const link = await TestLink.open(keys, account);
  await link.register((await createApp()).appId);
  return { hashes, deviceId: account.deviceId, link };
}

describe("P7.5 a proof", () => {
  const now = nowSeconds();
  const long = LIMITS.TOKEN_MAX_AGE_SECONDS + 1;
  const badClaims: [string, Record<string, unknown>][] = [
    ["of another audience", { aud: "other" }],
    ["of no audience", { aud: undefined }],
    ["without iat", { iat: undefined }],
    ["with an iat that is text", { iat: "now" }],
    ["without exp", { exp: undefined }],
    ["that lives too long", { iat: now, exp: now + long }],
    ["that ends before it begins", { iat: now, exp: now - 1 }],
    ["without jti", { jti: undefined }],
    ["with a short jti", { jti: "1234567" }],
    ["with a long jti", { jti: "x".repeat(65) }],
    ["without identifiers", { ids: [] }],
    ["with too many identifiers", { ids: ids(LIMITS.DEVICE_IDENTIFIERS + 1) }],
    ["with identifiers that are no list", { ids: randomText(32) }],
    ["with a short identifier", { ids: [randomText(31)] }],
    ["with an identifier in another spelling", { ids: [`${"A".repeat(42)}B`] }],
    ["with an identifier of 10,000 characters", { ids: ["A".repeat(1_000)] }],
  ];
  it.each(badClaims)("%s is invalid", async (_, claims) => {
    const token = await proof(await createKeys(), ids(), claims);
    await refused({ proof: token }, "proof_invalid");
  });

  it("with the same identifier twice is invalid", async () => {
    const [id = ""] = ids();
    const token = await proof(await createKeys(), [id, id]);
    expect((await refused({ proof: token }, "proof_invalid")).detail).toContain("distinct");
  });

  it.each([
    ["of yesterday", { iat: now - 86_400, exp: now - 86_340 }],
    ["just out of time", { iat: now - 182, exp: now - 62 }],
    ["of tomorrow", { iat: now + 86_400, exp: now + 86_460 }],
  ])("%s has expired", async (_, claims) => {
    await refused({ proof: await proof(await createKeys(), ids(), claims) }, "proof_expired");
  });

  it.each([
    ["of another kind", { typ: "pushmesh-connect+jwt" }],
    ["of no kind", { typ: undefined }],
    ["of the algorithm none", { alg: "none" }],
    ["of an HMAC algorithm", { alg: "HS256" }],
    ["of no algorithm", { alg: undefined }],
    ["of an unencoded payload", { b64: false, crit: ["b64"] }],
    ["without its key", { jwk: undefined }],
    ["with a key of another curve", { jwk: { kty: "OKP", crv: "X25519", x: "A".repeat(43) } }],
    ["with a key that is cut", { jwk: { kty: "OKP", crv: "Ed25519", x: "A".repeat(42) } }],
    ["with an unknown critical header", { crit: ["x"], x: 1 }],
  ])("%s is invalid", async (_, header) => {
    const token = await proof(await createKeys(), ids(), {}, header);
    await refused({ proof: token }, "proof_invalid");
  });

  it("signed with another key than it names is invalid", async () => {
    const [a, b] = [await createKeys(), await createKeys()];
    await refused({ proof: await proof({ pair: a.pair, jwk: b.jwk }, ids()) }, "proof_invalid");
  });

  it("with any part changed, taken away or unsigned is invalid", async () => {
    const token = await proof(await createKeys(), ids());
    const [header = "", payload = "", signature = ""] = token.split(".");
    const none = btoa(JSON.stringify({ alg: "none", typ: "pushmesh-account+jwt" })).replace(
      /=+$/,
      "",
    );
    for (const bad of [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${none}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${payload.slice(0, -4)}.${signature}`,
      `${header}..${signature}`,
      "a.b.c",
      "...",
      "x",
    ]) {
      await refused({ proof: bad }, "proof_invalid");
    }
  });
});

describe("P7.5 a handover", () => {
  it("to another key, expired or of another kind is refused before the device is asked", async () => {
    const [old, fresh] = [await createKeys(), await createKeys()];
    const token = await proof(fresh, ids());
    const now = nowSeconds();
    const cases: [string, string][] = [
      [await handoverBy(old, old.jwk.x), "proof_invalid"],
      [await handoverBy(old, 5), "proof_invalid"],
      [await proof(old, ids()), "proof_invalid"],
      [await handoverBy(old, fresh.jwk.x, { iat: now - 500, exp: now - 400 }), "proof_expired"],
    ];
    for (const [handover, code] of cases) {
      expect((await refused({ proof: token, handover }, code)).field).toBe("handover");
    }
  });
});

describe("P8.1 the body of an account request", () => {
  it.each([
    [{}, "proof"],
    [{ proof: 5 }, "proof"],
    [{ proof: "" }, "proof"],
    [{ proof: "x".repeat(LIMITS.TOKEN_CHARS + 1) }, "proof"],
    [{ proof: "x", handover: 5 }, "handover"],
    [{ proof: "x", key: "y" }, "key"],
  ])("is refused by field: %j", async (body, field) => {
    expect((await refused(body, "field_invalid")).field).toBe(field);
  });

  it("is bounded, and JSON", async () => {
    const post = (body: string, type = "application/json") =>
      fetchCounting(
        new Request(`${ORIGIN}/v1/devices`, {
          method: "POST",
          headers: { "content-type": type },
          body,
        }),
      );
    const codeOf = async (answer: ReturnType<typeof post>) =>
      (await problemOf((await answer).response)).code;
    expect(await codeOf(post("x".repeat(LIMITS.BODY_BYTES + 1)))).toBe("body_too_large");
    expect(await codeOf(post("{"))).toBe("body_invalid");
    expect(await codeOf(post("{}", "text/plain"))).toBe("content_type_unsupported");
  });
});
