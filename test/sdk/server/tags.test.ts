/** What the server SDK says of tags and aliases before, and between, its calls. */
import { createPublicKey } from "node:crypto";
import { compactVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { createSigningKey, PushServer, type PushServerOptions } from "../../../sdk/server/mod.ts";

const SECRET = Buffer.alloc(32, 7);
const NOW = 1_790_000_000_000;

/** A server whose mesh answers what `answer` says. */
function serverOf(
  answer: (url: URL, body: Record<string, unknown>) => unknown = () => ({}),
  options: Partial<PushServerOptions> = {},
) {
  const urls: string[] = [];
  const push = new PushServer({
    url: "https://push.example.com",
    keyId: "app.k1",
    key: SECRET.toString("base64url"),
    host: {
      now: () => NOW,
      fetch: async (url, { body }) => {
        urls.push(url);
        const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : "{}";
        return Response.json(answer(new URL(url), JSON.parse(text)));
      },
    },
    ...options,
  });
  return { push, urls };
}

const textOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

describe("V3 a listen token", () => {
  test("of an HMAC key is one that jose verifies", async () => {
    const { push, urls } = serverOf();
    const token = await push.tags.listenToken("é/1", { ttlSeconds: 60 });
    const { payload, protectedHeader } = await compactVerify(token, SECRET, {
      algorithms: ["HS256"],
    });
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "pushmesh-listen+jwt", kid: "app.k1" });
    const iat = NOW / 1_000;
    expect(textOf(payload)).toEqual({ aud: "pushmesh", tag: "é/1", iat, exp: iat + 60 });
    expect(urls).toEqual([]);
  });

  test("of an Ed25519 key, too", async () => {
    const { privateKey, publicKey } = await createSigningKey();
    const { push } = serverOf(undefined, { key: privateKey });
    const jwk = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: publicKey },
      format: "jwk",
    }).export({ format: "jwk" });
    const verifying = await importJWK(jwk as JsonWebKey & { kty: string }, "EdDSA");
    const token = await push.tags.listenToken("news");
    const { payload } = await compactVerify(token, verifying, { algorithms: ["EdDSA"] });
    const { iat, exp } = textOf(payload);
    expect(exp - iat).toBe(3_600);
  });

  test.each([0, -1, 1.5, LIMITS.LISTEN_TOKEN_MAX_AGE_SECONDS + 1, Number.NaN])(
    "is not made for %s seconds",
    async (ttlSeconds) => {
      const made = serverOf().push.tags.listenToken("news", { ttlSeconds });
      await expect(made).rejects.toMatchObject({
        code: "option_invalid",
        message: expect.stringContaining("ttlSeconds"),
      });
    },
  );
});

describe("many registrations", () => {
  test("T11 are added in calls of 1,000, and their results come in one list", async () => {
    const sizes: number[] = [];
    const { push } = serverOf((_, body) => {
      const { add } = body as { readonly add: readonly string[] };
      sizes.push(add.length);
      return { results: add.map((regId) => ({ regId, ok: true })) };
    });
    const regIds = Array.from({ length: 2_001 }, (_, i) => `${i}`);
    const results = await push.tags.add("news", regIds);
    expect(sizes).toEqual([1_000, 1_000, 1]);
    expect(results.map(({ regId }) => regId)).toEqual(regIds);
  });

  test("none are no call", async () => {
    const { push, urls } = serverOf();
    expect(await push.tags.remove("news", [])).toEqual([]);
    expect(urls).toEqual([]);
  });
});

describe("names in paths", () => {
  test("T12 A5 are encoded whole", async () => {
    const { push, urls } = serverOf();
    await push.tags.get("a/b?c#d %é");
    await push.aliases.get("../x");
    expect(urls.map((url) => new URL(url).pathname)).toEqual([
      "/v1/tags/a%2Fb%3Fc%23d%20%25%C3%A9",
      "/v1/aliases/..%2Fx",
    ]);
  });

  test.each(["", ".", "..", "\ud800"])("%j fits in none, and is refused here", async (name) => {
    const { push, urls } = serverOf();
    const refused = { code: "option_invalid" };
    await expect(push.tags.get(name)).rejects.toMatchObject(refused);
    await expect(push.tags.setLive(name, "open")).rejects.toMatchObject(refused);
    await expect(push.aliases.get(name)).rejects.toMatchObject(refused);
    expect(urls).toEqual([]);
  });
});

test("T14 the list of tags follows the cursors, with the query that it began with", async () => {
  const { push, urls } = serverOf(({ searchParams }) => {
    const at = Number(searchParams.get("cursor") ?? 0);
    return { tags: [{ tag: `t${at}` }], next: at < 2 ? `${at + 1}` : null };
  });
  const found: string[] = [];
  const query = { prefix: "é &=", minMembers: 2, sort: "members", limit: 1 } as const;
  for await (const { tag } of push.tags.list(query)) found.push(tag);
  expect(found).toEqual(["t0", "t1", "t2"]);
  const asked = urls.map((url) => Object.fromEntries(new URL(url).searchParams));
  const all = { prefix: "é &=", minMembers: "2", sort: "members", limit: "1" };
  expect(asked).toEqual([all, { ...all, cursor: "1" }, { ...all, cursor: "2" }]);
});
