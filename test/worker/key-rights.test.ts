/** What a key may sign, and until when. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { StoredKey } from "../../core/app/app.ts";
import { OPEN_POLICY } from "../../core/trust/policy.ts";
import type { AppKey } from "../../objects/interfaces/rpc.ts";
import { KEY_SCOPES, ROUTES, type Route, type Scope } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { signedToken } from "../../sdk/server/signed-token.ts";
import { appCache } from "../../worker/signature/authenticate.ts";
import { webCrypto } from "../../worker/signature/crypto.ts";
import { loadApp } from "../../worker/signature/keys.ts";
import { admin, createApp, createKey, nowSeconds, signed, type TestApp } from "./support/app.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

afterEach(() => {
  vi.useRealTimers();
});

const routes = Object.entries(ROUTES) as [string, Route][];
const signedRoutes = routes.filter(([, { auth }]) => auth === "signature");

/** A signed request to a route, with a body that no route takes. */
const requestTo = (key: Pick<TestApp, "keyId" | "signer">, { method, path }: Route) =>
  signed(key, { method, path: path.replaceAll(/:\w+/g, "x"), body: {} });

async function answerTo(key: Pick<TestApp, "keyId" | "signer">, route: Route) {
  const { response, touched } = await fetchCounting(await requestTo(key, route));
  const problem = response.ok ? undefined : await problemOf(response);
  return { status: response.status, touched, problem };
}

const oneOf = (appId: string, scope: Scope) => createKey(appId, { scopes: [scope] });

describe("scopes", () => {
  it("S35 every signed route names the scopes that it takes, and no other route does", () => {
    expect(signedRoutes.length).toBeGreaterThan(8);
    for (const [id, { auth, scopes }] of routes) {
      expect([id, (scopes?.length ?? 0) > 0]).toEqual([id, auth === "signature"]);
    }
  });

  it("S35 a key signs the routes of its scopes alone, and what it may not sign touches no object", async () => {
    const { appId } = await createApp();
    for (const scope of KEY_SCOPES) {
      const key = await oneOf(appId, scope);
      // The isolate reloads an app for a key that it lacks once a second.
      appCache.forget(appId);
      const load: Route = { ...ROUTES.getMessage, path: "/v1/messages/none" };
      for (const [id, route] of signedRoutes) {
        // A revocation evicts the app.
        await answerTo(key, load);
        const { status, touched, problem } = await answerTo(key, route);
        if (route.scopes?.includes(scope)) {
          expect([id, problem?.code]).not.toEqual([id, "scope_missing"]);
          expect([id, status]).not.toEqual([id, 401]);
        } else {
          expect([id, status, problem?.code]).toEqual([id, 403, "scope_missing"]);
          expect(problem?.detail).toBe(
            `the key needs the scope ${route.scopes?.join(" or ")}; it has ${scope}`,
          );
          expect(touched).toEqual(UNTOUCHED);
        }
      }
    }
  });

  it("S35 nobody learns the scopes of a key without it", async () => {
    const { appId, signer } = await createApp();
    const { keyId } = await oneOf(appId, "read");
    const { problem } = await answerTo({ keyId, signer }, ROUTES.sendMessage);
    expect(problem?.code).toBe("signature_invalid");
  });

  it("S35 a key that was stored without scopes has all", async () => {
    const key: AppKey = {
      ...{ keyId: "a.k1", algorithm: "hmac-sha256", createdAt: 1 },
      material: new Uint8Array(32),
    };
    const trust = { policy: OPEN_POLICY, trustVersion: 1, quota: null };
    const record = { appId: "a", name: "x", createdAt: 1, keys: [key], ...trust };
    const loaded = (await loadApp(record, new Uint8Array(8), webCrypto, 1)).keys.get("a.k1");
    expect(loaded).toMatchObject({
      scopes: KEY_SCOPES,
      expiresAt: null,
    } satisfies Partial<StoredKey>);
  });

  it("S35 are listed in one order, whatever the order they were given in", async () => {
    const { appId } = await createApp();
    const { keyId } = await createKey(appId, { scopes: ["grant", "send"] });
    const { keys } = await (await admin(`/v1/apps/${appId}`, "GET")).json<{ keys: AppKey[] }>();
    expect(keys.find((key) => key.keyId === keyId)?.scopes).toEqual(["send", "grant"]);
  });
});

describe("expiry", () => {
  it("S36 a key signs until it expires, to the millisecond, and then nothing", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { appId } = await createApp();
    const expiresAt = Date.now() + 5_000;
    const key = await createKey(appId, { expiresAt });
    appCache.forget(appId);
    vi.setSystemTime(expiresAt - 1);
    expect((await answerTo(key, ROUTES.listTags)).status).toBe(200);
    vi.setSystemTime(expiresAt);
    for (const [id, route] of signedRoutes) {
      const { status, problem, touched } = await answerTo(key, route);
      expect([id, status, problem?.code]).toEqual([id, 401, "key_expired"]);
      expect(problem?.detail).toBe(`the key expired at ${new Date(expiresAt).toISOString()}`);
      expect(touched).toEqual(UNTOUCHED);
    }
    const { keys } = await (await admin(`/v1/apps/${appId}`, "GET")).json<{ keys: AppKey[] }>();
    expect(keys.find(({ keyId }) => keyId === key.keyId)?.expiresAt).toBe(expiresAt);
  });
});

describe("the last use", () => {
  const usedAt = async ({ keyId }: Pick<TestApp, "keyId">, appId: string) => {
    const { keys } = await (await admin(`/v1/apps/${appId}`, "GET")).json<{ keys: AppKey[] }>();
    return keys.find((key) => key.keyId === keyId)?.lastUsedAt;
  };

  it("S40 is recorded by one call an hour, whatever is sent, and by none of an edge that knows of it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { appId, ...key } = await createApp();
    const begun = Date.now();
    const calls = async () => (await answerTo(key, ROUTES.listTags)).touched.apps;
    expect(await usedAt(key, appId)).toBeNull();
    appCache.forget(appId);
    // It loads the app, and records the use.
    expect(await calls()).toBe(2);
    for (let n = 0; n < 20; n++) expect(await calls()).toBe(0);
    expect(await usedAt(key, appId)).toBe(begun);
    // Another isolate.
    appCache.forget(appId);
    expect([await calls(), await calls()]).toEqual([1, 0]);
    vi.setSystemTime(begun + LIMITS.KEY_USE_MS - 1);
    expect([await calls(), await calls()]).toEqual([1, 0]);
    expect(await usedAt(key, appId)).toBe(begun);
    vi.setSystemTime(begun + LIMITS.KEY_USE_MS);
    expect([await calls(), await calls()]).toEqual([1, 0]);
    expect(await usedAt(key, appId)).toBe(begun + LIMITS.KEY_USE_MS);
  });

  it("S40 is none of a request that the key did not sign, or may not sign", async () => {
    const { appId, signer } = await createApp();
    const reader = await oneOf(appId, "read");
    appCache.forget(appId);
    expect((await answerTo({ keyId: reader.keyId, signer }, ROUTES.listTags)).status).toBe(401);
    expect((await answerTo(reader, ROUTES.sendMessage)).status).toBe(403);
    expect(await usedAt(reader, appId)).toBeNull();
  });

  it("S40 is recorded in an hour for one row, however many edges tell of it", async () => {
    const { appId, keyId } = await createApp();
    const app = env.APPS.getByName(appId);
    const used = async () => (await app.record())?.keys[0]?.lastUsedAt;
    const begun = Date.now();
    await app.keyUsed(keyId, begun);
    await app.keyUsed(keyId, begun + LIMITS.KEY_USE_MS - 1);
    await app.keyUsed(keyId, begun - LIMITS.KEY_USE_MS);
    await app.keyUsed(`${appId}.k9`, begun);
    expect(await used()).toBe(begun);
    await app.keyUsed(keyId, begun + LIMITS.KEY_USE_MS);
    expect(await used()).toBe(begun + LIMITS.KEY_USE_MS);
  });
});

describe("listen tokens", () => {
  const listen = async ({ keyId, signer }: Pick<TestApp, "keyId" | "signer">, appId: string) => {
    const iat = nowSeconds();
    const exp = iat + LIMITS.LISTEN_TOKEN_MAX_AGE_SECONDS;
    const claims = { tag: "news", iat, exp };
    const token = await signedToken(signer, { keyId, typ: "pushmesh-listen+jwt" }, claims);
    const headers = { accept: "text/event-stream", authorization: `Bearer ${token}` };
    const url = `${ORIGIN}/v1/apps/${appId}/tags/news/live`;
    const { response } = await fetchCounting(new Request(url, { headers }));
    if (!response.ok) return problemOf(response);
    await response.body?.cancel();
    return { code: "ok", detail: "" };
  };

  it("S37 need a key with the scope grant that has not expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { appId } = await createApp();
    const expiresAt = Date.now() + 5_000;
    const grants = await createKey(appId, { scopes: ["grant"], expiresAt });
    const others = await createKey(appId, { scopes: ["send", "manage", "read"] });
    appCache.forget(appId);
    expect(await listen(grants, appId)).toEqual({ code: "ok", detail: "" });
    expect(await listen(others, appId)).toMatchObject({
      code: "listen_token_invalid",
      detail: "the key needs the scope grant; it has send, manage, read",
    });
    vi.setSystemTime(expiresAt);
    expect(await listen(grants, appId)).toMatchObject({
      code: "listen_token_invalid",
      detail: `the key expired at ${new Date(expiresAt).toISOString()}`,
    });
  });
});
