import { compactVerify } from "jose";
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { PushServer } from "../../../sdk/server/mod.ts";

const SECRET = Buffer.alloc(32, 7);
const NOW = 1_790_000_000_000;
const serverOf = (key: string, algorithm?: "ed25519") =>
  new PushServer({
    ...{ url: "https://push.example.com", keyId: "app.k1", key },
    ...(algorithm === undefined ? {} : { algorithm }),
    host: { now: () => NOW, fetch: () => Promise.reject(new Error("a grant makes no call")) },
  });
const read = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

test("S1 a grant is a JWS of its claims, for a day unless the server says otherwise, and no two are the same", async () => {
  const server = serverOf(SECRET.toString("base64url"));
  const names = { aliases: ["user-7"], tags: [{ prefix: "news/" }], attributes: { tier: "gold" } };
  const grant = await server.grant({ device: "d", ...names });
  const { protectedHeader, payload } = await compactVerify(grant, SECRET);
  expect(protectedHeader).toEqual({ typ: "pushmesh-grant+jwt", alg: "HS256", kid: "app.k1" });
  const { jti, ...claims } = read(payload);
  const iat = NOW / 1_000;
  expect(claims).toEqual({ aud: "pushmesh", device: "d", ...names, iat, exp: iat + 86_400 });
  const most = await server.grant({ expiresIn: LIMITS.GRANT_MAX_AGE_SECONDS });
  const other = read((await compactVerify(most, SECRET)).payload);
  expect(other.exp - other.iat).toBe(LIMITS.GRANT_MAX_AGE_SECONDS);
  expect(other.jti).not.toBe(jti);
});

test.each([
  ["expiresIn: 0", { expiresIn: 0 }],
  ["expiresIn: 1.5", { expiresIn: 1.5 }],
  [
    `expiresIn: ${LIMITS.GRANT_MAX_AGE_SECONDS + 1}`,
    { expiresIn: LIMITS.GRANT_MAX_AGE_SECONDS + 1 },
  ],
  ["aliases: ", { aliases: [""] }],
  ["aliases: ", { aliases: ["x".repeat(LIMITS.ALIAS_BYTES + 1)] }],
  ["tags: ", { tags: [{ prefix: "x".repeat(LIMITS.TAG_BYTES + 1) }] }],
  ["tags: ", { tags: ["\ud800"] }],
  ["tags: ", { tags: Array(LIMITS.GRANT_NAMES + 1).fill("x") }],
  ["the grant has ", { tags: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(30, "x")) }],
])("S1 a grant that the mesh would refuse is not made: %s", async (message, options) => {
  const made = serverOf(SECRET.toString("base64url")).grant(options);
  await expect(made).rejects.toMatchObject({ code: "option_invalid" });
  await expect(made).rejects.toThrow(message);
});

test.each<[string, object]>([
  [
    "ttl: unknown option; a grant has device, regId, aliases, tags, attributes, expiresIn",
    { ttl: 60 },
  ],
  ["deviceId: unknown option; did you mean device?", { deviceId: "d" }],
  ["alias: unknown option; did you mean aliases?", { alias: ["user-7"] }],
  ["device: must be a text that is not empty", { device: null }],
  ["aliases: must be a list of names and prefixes", { aliases: "user-7" }],
  ["tags: must be a list of names and prefixes", { tags: [{ prefx: "news/" }] }],
  ["attributes: must be an object of texts", { attributes: { tier: 1 } }],
  ["expiresIn: must be a number", { expiresIn: "60" }],
])("E9 a grant refuses what would not bound it: %s", async (message, options) => {
  const made = serverOf(SECRET.toString("base64url")).grant(options);
  await expect(made).rejects.toMatchObject({ code: "option_invalid" });
  await expect(made).rejects.toThrow(message);
});

test("S1 a grant that was cut while it was copied is not revoked by another name", async () => {
  const server = serverOf(SECRET.toString("base64url"));
  const grant = await server.grant();
  for (const cut of [grant.slice(0, 60), grant.slice(0, grant.indexOf("."))])
    await expect(server.revokeGrant(cut)).rejects.toMatchObject({ code: "option_invalid" });
});
