import { describe, expect, it } from "vitest";
import { grantMark } from "../../core/app/denials.ts";
import { LIMITS } from "../../schema/limits.ts";
import { admin, createApp, createKey, signed, type TestApp } from "./support/app.ts";
import { env, fetchCounting, problemOf } from "./support/mesh.ts";

const revoke = async (app: Pick<TestApp, "keyId" | "signer">, path: string) =>
  fetchCounting(
    await signed(app, {
      ...{ method: "DELETE", path: `/v1/grants/${path}` },
      parameters: { nonce: crypto.randomUUID() },
    }),
  );
const trustOf = async (appId: string) => {
  const { revoked, trustVersion } = (await env.APPS.getByName(appId).record()) ?? {};
  return { revoked, trustVersion };
};
interface Entry {
  readonly action: string;
  readonly target: string;
  readonly appId: string | null;
}

describe("S1 DELETE /v1/grants/{jti}", () => {
  it("revokes a grant once, by any name that a jti may have, and says so in the audit log once", async () => {
    const app = await createApp();
    const { trustVersion = 0 } = await trustOf(app.appId);
    const jti = "a/b.c %?é";
    const path = encodeURIComponent(jti);
    for (const revoked of [true, false]) {
      const { response } = await revoke(app, path);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ jti, revoked, until: expect.any(Number) });
    }
    expect(await trustOf(app.appId)).toEqual({
      revoked: [grantMark(jti)],
      trustVersion: trustVersion + 1,
    });
    const log = await admin("/v1/admin/audit", "GET");
    const { entries } = await log.json<{ entries: Entry[] }>();
    const own = entries.filter(
      (entry) => entry.appId === app.appId && entry.action === "grant.revoke",
    );
    expect(own).toMatchObject([{ target: jti }]);
  });

  it("forgets it 2 minutes after it is over, for clocks differ, and after 30 days in any case", async () => {
    const app = await createApp();
    const at = Date.now() + 60_000;
    const skew = 2 * LIMITS.CLOCK_SKEW_SECONDS * 1_000;
    const { response } = await revoke(app, `g1?expiresAt=${at}`);
    expect(await response.json()).toMatchObject({ until: at + skew });
    const far = await revoke(app, `g2?expiresAt=${Date.now() * 2}`);
    const { until } = await far.response.json<{ until: number }>();
    expect(until - Date.now() - skew).toBeLessThanOrEqual(LIMITS.GRANT_MAX_AGE_SECONDS * 1_000);
  });

  it("refuses a time that is over, a jti that none has, a key without the scope, and a replay, and changes nothing", async () => {
    const app = await createApp();
    const before = await trustOf(app.appId);
    for (const path of ["g1?expiresAt=1", "g1?expiresAt=x", "x".repeat(129), "%00%ff"]) {
      const { response } = await revoke(app, path);
      expect([path, (await problemOf(response))?.code]).toEqual([path, "field_invalid"]);
    }
    const reader = await createKey(app.appId, { scopes: ["read", "grant", "send"] });
    const { response } = await revoke(reader, "g1");
    expect((await problemOf(response))?.code).toBe("scope_missing");
    expect(await trustOf(app.appId)).toEqual(before);
    const request = await signed(app, { method: "DELETE", path: "/v1/grants/g1" });
    const copy = request.clone();
    expect((await fetchCounting(request as Request)).response.status).toBe(200);
    const replayed = await fetchCounting(copy as Request);
    expect((await problemOf(replayed.response))?.code).toBe("request_replayed");
  });

  it("of another app changes nothing for this one", async () => {
    const [app, other] = [await createApp(), await createApp()];
    await revoke(other, "g1");
    expect((await trustOf(app.appId)).revoked).toEqual([]);
  });
});

describe("S1 DELETE /v1/apps/{appId}/revoked-grants", () => {
  it("empties the list for the operator only, says so in the audit log, and the app's answer shows what is left", async () => {
    const app = await createApp();
    for (const jti of ["g1", "g2"]) await revoke(app, jti);
    expect(await env.APPS.getByName(app.appId).closeTag("news", true)).toBe(true);
    const shown = async () => (await admin(`/v1/apps/${app.appId}`, "GET")).json();
    expect(await shown()).toMatchObject({ revokedGrants: 2, closedTags: ["news"] });
    const path = `/v1/apps/${app.appId}/revoked-grants`;
    const parameters = { nonce: crypto.randomUUID() };
    const own = await fetchCounting(await signed(app, { method: "DELETE", path, parameters }));
    expect((await problemOf(own.response))?.code).toBe("admin_token_invalid");
    expect(await shown()).toMatchObject({ revokedGrants: 2 });
    for (const forgotten of [2, 0])
      expect(await (await admin(path, "DELETE")).json()).toEqual({ forgotten });
    expect(await shown()).toMatchObject({ revokedGrants: 0, closedTags: ["news"] });
    const log = await admin("/v1/admin/audit", "GET");
    const { entries } = await log.json<{ entries: Entry[] }>();
    expect(entries.filter(({ action }) => action === "grants.forget")).toMatchObject([
      { target: app.appId },
      { target: app.appId },
    ]);
    const other = await admin(`/v1/apps/${app.appId.slice(0, -1)}x/revoked-grants`, "DELETE");
    expect((await problemOf(other)).code).toBe("app_not_found");
  });
});
