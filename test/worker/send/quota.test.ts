import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LeaseRequest } from "../../../core/app/quota.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { app as edge } from "../../../worker/app.ts";
import { SOON } from "../../support/soon.ts";
import { admin, createApp, signed, type TestApp } from "../support/app.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "../support/mesh.ts";
import { admin as adminSdk, appAndServer, hostOf } from "../support/sdk.ts";

/** A send that takes its token and is refused after that, because its regId is none. */
const TAKEN = "reg_id_invalid";
let app: TestApp;

beforeEach(async () => {
  app = await createApp();
});

const put = (quota: unknown, { appId } = app) => admin(`/v1/apps/${appId}/quota`, "PUT", quota);

async function send(
  to: unknown = "x",
  settings: Parameters<typeof fetchCounting>[1] = {},
): Promise<{ code: string; apps: number; headers: Headers }> {
  const request = await signed(app, { body: { to, data: "x" } });
  const { response, touched } = await fetchCounting(request, settings);
  const { code } = await problemOf(response);
  return { code, apps: touched.apps, headers: response.headers };
}

describe("a quota of sends", () => {
  it("S47 lets a burst through, then refuses with the time of the next token, and recovers", async () => {
    expect(await (await put({ perSecond: 0.4, burst: 3 })).json()).toEqual({
      perSecond: 0.4,
      burst: 3,
    });
    for (let n = 0; n < 3; n++) expect((await send()).code).toBe(TAKEN);
    const { code, headers } = await send();
    expect(code).toBe("quota_exceeded");
    const wait = Number(headers.get("retry-after"));
    expect([2, 3]).toContain(wait);
    expect(headers.get("ratelimit")).toBe(`"sends";r=0;t=${wait}`);
    expect(headers.get("ratelimit-policy")).toBe('"sends";q=3;w=8;pushmesh-burst=3');
    // A larger quota works within a second also where the old one was used up.
    await put({ perSecond: 100, burst: 10 });
    await vi.waitFor(async () => expect((await send()).code).toBe(TAKEN), { timeout: 5_000 });
  });

  it("S47 is taken from by broadcasts and aliases, one for each, and not by requests that are no sends", async () => {
    await put({ perSecond: 0.01, burst: 3 });
    expect((await send({ tag: "nobody" })).code).toBe("tag_unknown");
    expect((await send({ alias: "nobody" })).code).toBe("alias_unknown");
    const malformed = await signed(app, { body: { to: 5 } });
    expect((await problemOf((await fetchCounting(malformed)).response)).code).toBe("field_invalid");
    const status = await signed(app, { method: "GET", path: "/v1/messages/x" });
    expect((await problemOf((await fetchCounting(status)).response)).code).toBe(
      "message_id_invalid",
    );
    expect((await send()).code).toBe(TAKEN);
    expect((await send()).code).toBe("quota_exceeded");
  });

  it("S47 stays used up when the app's object is evicted", async () => {
    await put({ perSecond: 0.01, burst: 2 });
    for (let n = 0; n < 2; n++) expect((await send()).code).toBe(TAKEN);
    const object = env.APPS.getByName(app.appId);
    await evictDurableObject(object as never);
    const answer = await object.lease({ spend: 1, extra: 0, ended: [] });
    expect(answer).toMatchObject({ isGranted: false, quota: { perSecond: 0.01, burst: 2 } });
    expect((await send()).code).toBe("quota_exceeded");
  });

  it("S47 lets nothing through while the app's object fails", async () => {
    await put({ perSecond: 1_000, burst: 1_000 });
    await send();
    const lease = () => Promise.reject(new Error("lost"));
    const APPS = { getByName: () => ({ lease }) } as never;
    const codes = new Set<string>();
    vi.spyOn(console, "error").mockReturnValue();
    // What was leased before may be spent.
    for (let n = 0; n < 20; n++) codes.add((await send("x", { APPS })).code);
    expect((await send("x", { APPS })).code).toBe("internal");
    vi.restoreAllMocks();
  });

  it("S47 S49 holds up answers by little while the app's object hangs, and grants nothing twice", async () => {
    await put({ perSecond: 0.01, burst: 4 });
    const object = env.APPS.getByName(app.appId);
    const late = Promise.withResolvers<void>();
    const requests: LeaseRequest[] = [];
    const lease = async (request: LeaseRequest) => {
      requests.push(request);
      await late.promise;
      return object.lease(request);
    };
    const APPS = {
      getByName: () => ({ record: () => object.record(), keyUsed: async () => {}, lease }),
    };
    const hanging = { ...env, APPS } as never;
    // Without `waitOnExecutionContext`, which waits for what goes on after the answer.
    const answerTo = async (request: Request) => {
      const startedAt = performance.now();
      const response = await edge.fetch(request, hanging, createExecutionContext());
      const ms = performance.now() - startedAt;
      return { response, ms, limit: response.headers.get("ratelimit") };
    };
    const list = () => signed(app, { method: "GET", path: "/v1/tags" });
    const first = await answerTo(await list());
    expect(first).toMatchObject({ response: { status: 200 }, limit: null });
    expect(first.ms).toBeLessThan(LIMITS.QUOTA_CALL_MS);
    expect(requests.map(({ spend }) => spend)).toEqual([0]);
    // Those after it do not wait, and ask nothing.
    for (let n = 0; n < 3; n++) expect((await answerTo(await list())).response.status).toBe(200);
    expect(requests).toHaveLength(1);
    const refused = await answerTo(await signed(app, { body: { to: "x", data: "x" } }));
    expect((await problemOf(refused.response)).code).toBe("overloaded");
    expect(refused.ms).toBeLessThan(LIMITS.QUOTA_CALL_MS * 2);
    expect(requests.map(({ spend }) => spend)).toEqual([0, 1]);
    // What it answers at last is told, and the refused send may have taken its token.
    late.resolve();
    await vi.waitFor(async () => expect((await answerTo(await list())).limit).not.toBeNull(), SOON);
    const codes: string[] = [];
    for (let n = 0; n < 5; n++) codes.push((await send()).code);
    expect(codes.slice(0, 2)).toEqual([TAKEN, TAKEN]);
    expect(codes.slice(3)).toEqual(["quota_exceeded", "quota_exceeded"]);
  });

  it("S48 costs a call of the app's object in many sends, and an app without one pays nothing", async () => {
    // The record of the app, and the note that its key was used.
    expect(await send()).toMatchObject({ code: TAKEN, apps: 2 });
    const free = await send();
    expect(free).toMatchObject({ code: TAKEN, apps: 0 });
    expect([free.headers.get("ratelimit"), free.headers.get("ratelimit-policy")]).toEqual([
      null,
      null,
    ]);
    await put({ perSecond: 10_000, burst: 10_000 });
    await send();
    let calls = 0;
    for (let n = 0; n < 200; n++) {
      const { code, apps } = await send();
      expect(code).toBe(TAKEN);
      calls += apps;
    }
    expect(calls).toBeLessThan(20);
  });

  it("S49 is told with each signed answer, also of a request that is no send", async () => {
    // So slow that none comes back meanwhile.
    await put({ perSecond: 0.05, burst: 60 });
    const policy = '"sends";q=60;w=1200;pushmesh-burst=60';
    // A busy machine may take longer than an answer waits for it, and tell it with the next.
    await vi.waitFor(async () => {
      const asked = await fetchCounting(await signed(app, { method: "GET", path: "/v1/tags" }));
      expect(asked.response.status).toBe(200);
      expect(asked.response.headers.get("ratelimit")).toBe('"sends";r=60');
      expect(asked.response.headers.get("ratelimit-policy")).toBe(policy);
    }, SOON);
    expect((await send()).headers.get("ratelimit")).toMatch(/^"sends";r=59;t=\d+$/);
    expect((await send()).headers.get("ratelimit")).toMatch(/^"sends";r=58;t=\d+$/);
    // A request whose signature is wrong learns nothing of it.
    const forged = await signed(app, { body: {}, parameters: { created: 1 } });
    const { response } = await fetchCounting(forged);
    expect([response.status, response.headers.get("ratelimit")]).toEqual([401, null]);
  });

  it("S49 is set, shown and ended by the operator alone", async () => {
    const path = `/v1/apps/${app.appId}/quota`;
    for (const method of ["PUT", "DELETE"]) {
      const { response, touched } = await fetchCounting(new Request(ORIGIN + path, { method }));
      expect([response.status, touched]).toEqual([401, UNTOUCHED]);
    }
    const { appId } = app;
    const shown = async () => (await adminSdk.app(appId)).quota;
    expect(await shown()).toBeNull();
    await adminSdk.setQuota(appId, { perSecond: 5, burst: 50 });
    expect(await shown()).toEqual({ perSecond: 5, burst: 50 });
    await adminSdk.setQuota(appId, null);
    await adminSdk.setQuota(appId, null);
    expect(await shown()).toBeNull();
    await adminSdk.deleteApp(appId);
    await expect(adminSdk.setQuota(appId, null)).rejects.toMatchObject({ code: "app_not_found" });
    const foreign = await put({ perSecond: 1, burst: 1 }, { ...app, appId: "x" });
    expect((await problemOf(foreign)).code).toBe("app_not_found");
  });

  it.each([
    [{ burst: 1 }, "perSecond"],
    [{ perSecond: 0, burst: 1 }, "perSecond"],
    [{ perSecond: LIMITS.QUOTA_PER_SECOND_MIN / 2, burst: 1 }, "perSecond"],
    [{ perSecond: LIMITS.QUOTA_PER_SECOND_MAX + 1, burst: 1 }, "perSecond"],
    [{ perSecond: 1 }, "burst"],
    [{ perSecond: 1, burst: 0 }, "burst"],
    [{ perSecond: 1, burst: 1.5 }, "burst"],
    [{ perSecond: 1, burst: LIMITS.QUOTA_BURST_MAX + 1 }, "burst"],
    [{ perSecond: 1, burst: 1, perDay: 5 }, "perDay"],
  ])("S49 refuses %j and names the field", async (quota, field) => {
    const { code, field: named } = await problemOf(await put(quota));
    expect([code, named]).toEqual(["field_invalid", field]);
  });

  it("S50 is waited for by the server SDK, which tells what is left", async () => {
    const { appId, keyId, key } = await appAndServer("quota");
    await adminSdk.setQuota(appId, { perSecond: 1, burst: 1 });
    const { host } = hostOf();
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const retried: string[] = [];
    const push = new PushServer({
      ...{ url: ORIGIN, keyId, key, host: { ...host, sleep, random: () => 0 } },
      onRetry: ({ code, retryAfterMs }) => retried.push(`${code} ${retryAfterMs}`),
    });
    expect(push.rateLimit).toBeUndefined();
    const message = { to: "x", data: "x" } as const;
    for (let n = 0; n < 2; n++)
      await expect(push.send(message)).rejects.toMatchObject({ code: TAKEN });
    expect(retried).toEqual(["quota_exceeded 1000"]);
    expect(push.rateLimit).toMatchObject({ limit: 1, windowSeconds: 1, at: expect.any(Number) });
    // One that may not wait is told.
    const hasty = new PushServer({ url: ORIGIN, keyId, key, retryForMs: 0, host });
    const sends = await Promise.allSettled([1, 2, 3].map(() => hasty.send(message)));
    const codes = sends.map((sent) => sent.status === "rejected" && sent.reason.code);
    expect(codes).toContain("quota_exceeded");
  });
});
