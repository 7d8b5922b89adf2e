import { describe, expect, it } from "vitest";
import { OPEN_POLICY } from "../../core/trust/policy.ts";
import { LIMITS } from "../../schema/limits.ts";
import { createSigningKey, signerOf } from "../../sdk/server/signer.ts";
import { admin, createApp, createKey, signed } from "./support/app.ts";
import { call, env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

const codeOf = async (response: Response) => (await problemOf(response)).code;
/** What an unsigned-for regId answers: the signature was taken. */
const TAKEN = "reg_id_invalid";
const trySend = async (app: Parameters<typeof signed>[0]) => {
  const { response, touched } = await fetchCounting(
    await signed(app, { body: { to: "x", data: "x" } }),
  );
  return { code: await codeOf(response), touched };
};

describe("the operator's token", () => {
  const tokens: [string, string | undefined][] = [
    ["is missing", undefined],
    ["is empty", "Bearer "],
    ["is another", "Bearer test-admin-token-of-known-byteS"],
    ["is a prefix", "Bearer test-admin-token-of-known-byte"],
    ["is longer", "Bearer test-admin-token-of-known-bytesx"],
    ["comes in another scheme", `Basic ${btoa("test-admin-token-of-known-bytes")}`],
    ["comes without its scheme", "test-admin-token-of-known-bytes"],
    ["comes twice", "Bearer test-admin-token-of-known-bytes, Bearer x"],
  ];
  it.each(tokens)("that %s opens no route and touches nothing", async (_, authorization) => {
    for (const [path, method] of [
      ["/v1/apps", "GET"],
      ["/v1/apps", "POST"],
      ["/v1/apps/x", "GET"],
      ["/v1/apps/x/policy", "GET"],
      ["/v1/apps/x/policy", "PUT"],
      ["/v1/apps/x/keys", "POST"],
      ["/v1/apps/x/keys/y", "DELETE"],
    ] as const) {
      const headers: HeadersInit = authorization === undefined ? {} : { authorization };
      const { response, touched } = await fetchCounting(
        new Request(ORIGIN + path, { method, headers }),
      );
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      expect(await codeOf(response)).toBe("admin_token_invalid");
      expect(touched).toEqual(UNTOUCHED);
    }
  });
});

describe("apps", () => {
  it("are made, listed in order and shown with their keys, never with secrets", async () => {
    const first = await createApp("first");
    const second = await createApp("second");
    const { apps } = await (await admin("/v1/apps", "GET")).json<{
      apps: { appId: string; name: string }[];
    }>();
    const names = apps
      .filter(({ appId }) => [first.appId, second.appId].includes(appId))
      .map(({ name }) => name);
    expect(names).toEqual(["first", "second"]);

    const shown = await (await admin(`/v1/apps/${first.appId}`, "GET")).json();
    expect(shown).toEqual({
      appId: first.appId,
      name: "first",
      createdAt: expect.any(Number),
      policy: OPEN_POLICY,
      revokedGrants: 0,
      closedTags: [],
      quota: null,
      keys: [
        {
          keyId: first.keyId,
          algorithm: "hmac-sha256",
          createdAt: expect.any(Number),
          scopes: ["send", "manage", "read", "grant"],
          expiresAt: null,
          lastUsedAt: null,
        },
      ],
    });
    expect(first.appId).toMatch(/^[A-Za-z][\w-]{21}$/);
  });

  it.each([
    [{}, "name"],
    [{ name: "" }, "name"],
    [{ name: 5 }, "name"],
    [{ name: "é".repeat(LIMITS.APP_NAME_BYTES / 2 + 1) }, "name"],
    [{ name: "x", owner: "y" }, "owner"],
    [[], undefined],
  ])("refuse the body %j and name the field", async (body, field) => {
    const { code, field: named } = await problemOf(await admin("/v1/apps", "POST", body));
    expect([code, named]).toEqual(["field_invalid", field]);
  });

  it("take a name of exactly the bound", async () => {
    const name = "é".repeat(LIMITS.APP_NAME_BYTES / 2);
    expect((await admin("/v1/apps", "POST", { name })).status).toBe(201);
  });

  it("P7.2 that the mesh did not make are refused without touching an object", async () => {
    const { appId } = await createApp();
    for (const forged of [
      appId.slice(0, -2) + (appId.endsWith("AA") ? "BA" : "AA"),
      appId.slice(1),
      "x",
    ]) {
      for (const [path, method] of [
        [`/v1/apps/${forged}`, "GET"],
        [`/v1/apps/${forged}`, "DELETE"],
        [`/v1/apps/${forged}/keys`, "POST"],
        [`/v1/apps/${forged}/keys/${forged}.k1`, "DELETE"],
      ] as const) {
        const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
        const { response, touched } = await fetchCounting(
          new Request(ORIGIN + path, { method, headers }),
        );
        expect(await codeOf(response)).toBe("app_not_found");
        expect(touched).toEqual(UNTOUCHED);
      }
    }
  });
});

describe("a deleted app", () => {
  it("P7.6 ends its keys and its live key, leaves the list, and takes no key", async () => {
    const app = await createApp();
    const other = await createApp();
    const path = `/v1/apps/${app.appId}`;
    expect((await trySend(app)).code).toBe(TAKEN);
    expect((await call(`${path}/live-key`)).status).toBe(200);
    expect((await admin(path, "DELETE")).status).toBe(204);
    expect((await trySend(app)).code).toBe("key_unknown");
    expect((await trySend(other)).code).toBe(TAKEN);
    const { apps } = await (await admin("/v1/apps", "GET")).json<{ apps: { appId: string }[] }>();
    expect(apps.map(({ appId }) => appId)).not.toContain(app.appId);
    expect(await codeOf(await admin(path, "GET"))).toBe("app_not_found");
    const key = { algorithm: "hmac-sha256" };
    expect(await codeOf(await admin(`${path}/keys`, "POST", key))).toBe("app_not_found");
    expect(await codeOf(await admin(path, "DELETE"))).toBe("app_not_found");
  });
});

describe("sending keys", () => {
  it("work at once, also where the isolate has the app cached without them", async () => {
    const app = await createApp();
    expect((await trySend(app)).code).toBe(TAKEN);
    const later = await createKey(app.appId);
    // The cached record may be reloaded once a second.
    await expect.poll(async () => (await trySend(later)).code, { timeout: 3_000 }).toBe(TAKEN);
  });

  it("P7.6 are refused from this isolate's next request on once revoked, and never come back", async () => {
    const app = await createApp();
    expect((await trySend(app)).code).toBe(TAKEN);
    const path = `/v1/apps/${app.appId}/keys/${app.keyId}`;
    expect((await admin(path, "DELETE")).status).toBe(204);
    expect((await trySend(app)).code).toBe("key_unknown");
    expect(await codeOf(await admin(path, "DELETE"))).toBe("key_not_found");
    expect((await createKey(app.appId)).keyId).toBe(`${app.appId}.k2`);
    expect((await trySend(app)).code).toBe("key_unknown");
  });

  it("of Ed25519 sign without the mesh ever seeing the private half", async () => {
    const { appId } = await createApp();
    const { privateKey, publicKey } = await createSigningKey();
    const answer = await admin(`/v1/apps/${appId}/keys`, "POST", {
      algorithm: "ed25519",
      publicKey,
    });
    const key = await answer.json<{ keyId: string }>();
    expect(key).toEqual({
      keyId: `${appId}.k2`,
      algorithm: "ed25519",
      createdAt: expect.any(Number),
      scopes: ["send", "manage", "read", "grant"],
      expiresAt: null,
      lastUsedAt: null,
    });
    const signer = await signerOf(privateKey);
    await expect
      .poll(async () => (await trySend({ keyId: key.keyId, signer })).code, { timeout: 3_000 })
      .toBe(TAKEN);
  });

  it(`P8.1 are at most ${LIMITS.APP_KEYS}; a revoked one makes room`, async () => {
    const app = await createApp();
    for (let n = 2; n <= LIMITS.APP_KEYS; n++) await createKey(app.appId);
    const path = `/v1/apps/${app.appId}/keys`;
    expect(await codeOf(await admin(path, "POST", { algorithm: "hmac-sha256" }))).toBe(
      "too_many_keys",
    );
    await admin(`${path}/${app.keyId}`, "DELETE");
    expect((await createKey(app.appId)).keyId).toBe(`${app.appId}.k${LIMITS.APP_KEYS + 1}`);
  });

  it.each([
    [{}, "algorithm"],
    [{ algorithm: "rsa" }, "algorithm"],
    [{ algorithm: "ed25519" }, "publicKey"],
    [{ algorithm: "ed25519", publicKey: "AAAA" }, "publicKey"],
    [{ algorithm: "ed25519", publicKey: 5 }, "publicKey"],
    // Of small order: for each there is a signature that is good for any text.
    [{ algorithm: "ed25519", publicKey: "A".repeat(43) }, "publicKey"],
    [{ algorithm: "ed25519", publicKey: `AQ${"A".repeat(41)}` }, "publicKey"],
    [
      { algorithm: "ed25519", publicKey: "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o" },
      "publicKey",
    ],
    [{ algorithm: "hmac-sha256", secret: "x" }, "secret"],
    [{ algorithm: "hmac-sha256", scopes: [] }, "scopes"],
    [{ algorithm: "hmac-sha256", scopes: ["send", "send"] }, "scopes"],
    [{ algorithm: "hmac-sha256", scopes: ["root"] }, "scopes.0"],
    [{ algorithm: "hmac-sha256", scopes: "send" }, "scopes"],
    [{ algorithm: "hmac-sha256", expiresAt: 0 }, "expiresAt"],
    [{ algorithm: "hmac-sha256", expiresAt: 1 }, "expiresAt"],
    [{ algorithm: "hmac-sha256", expiresAt: 8.64e15 + 1 }, "expiresAt"],
    [{ algorithm: "hmac-sha256", expiresAt: "2030-01-01" }, "expiresAt"],
  ])("refuse the body %j and name the field", async (body, field) => {
    const { appId } = await createApp();
    const problem = await problemOf(await admin(`/v1/apps/${appId}/keys`, "POST", body));
    expect([problem.code, problem.field]).toEqual(["field_invalid", field]);
  });
});

it("the operator's bodies are bounded like all others", async () => {
  const headers = {
    authorization: `Bearer ${env.ADMIN_TOKEN}`,
    "content-type": "application/json",
  };
  const body = JSON.stringify({ name: "x".repeat(LIMITS.POLICY_BODY_BYTES) });
  expect(await codeOf(await call("/v1/apps", { method: "POST", headers, body }))).toBe(
    "body_too_large",
  );
});
