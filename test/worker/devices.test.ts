import { describe, expect, it } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
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
import { fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

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

  it("P7.5 of a device in use is not taken by another key without the old one's word", async () => {
    const old = await createKeys();
    const hashes = ids();
    const account = await openAccount(old, hashes);
    const link = await TestLink.open(old, account);
    await link.register((await createApp()).appId);
    const thief = await createKeys();
    const response = await open(thief, hashes);
    expect((await problemOf(response)).code).toBe("device_active");
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);

    const stranger = await handoverBy(await createKeys(), thief.jwk.x);
    expect((await problemOf(await open(thief, hashes, stranger))).code).toBe("device_active");

    const granted = await open(thief, hashes, await handoverBy(old, thief.jwk.x));
    expect(granted.status).toBe(201);
    expect((await granted.json<Account>()).generation).toBe(account.generation + 1);
    link.close();
  });
});

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
