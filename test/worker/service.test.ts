import { afterEach, describe, expect, it, vi } from "vitest";
import { ERRORS } from "../../schema/errors.ts";
import { fromBase64Url } from "../../schema/text.ts";
import type { Env } from "../../worker/env.ts";
import { createApp, signed } from "./support/app.ts";
import { call, env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

const ROUTES: [string, string][] = [
  ["/", "GET"],
  ["/healthz", "GET"],
  ["/docs", "GET"],
  ["/docs/index.html", "GET"],
  ["/v1/devices", "POST"],
  ["/v1/link-keys", "GET"],
  ["/v1/connect", "GET"],
  ["/v1/messages", "GET, POST"],
  ["/v1/messages/x", "DELETE, GET"],
  ["/v1/apps", "GET, POST"],
  ["/v1/apps/x", "DELETE, GET"],
  ["/v1/apps/x/keys", "POST"],
  ["/v1/apps/x/keys/y", "DELETE"],
];

afterEach(() => vi.restoreAllMocks());

describe("the service", () => {
  it("says its name, and the mesh's clock to any page", async () => {
    expect(await (await call("/")).json()).toMatchObject({ service: "pushmesh" });
    const before = Date.now();
    const health = await call("/healthz", { headers: { origin: "https://page.example" } });
    const { status, now } = await health.json<{ status: string; now: number }>();
    expect(status).toBe("ok");
    expect(now).toBeGreaterThanOrEqual(before);
    expect(health.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each(["/docs", "/docs/", "/docs/documents/spec.html"])(
    "G2 names the command that builds the documentation where there is none: %s",
    async (path) => {
      const { response, touched } = await fetchCounting(new Request(ORIGIN + path));
      const { code, detail } = await problemOf(response);
      expect([response.status, code]).toEqual([404, "not_found"]);
      expect(detail).toContain("npm run docs");
      expect(touched).toEqual(UNTOUCHED);
    },
  );

  it("tells any page the keys of the link, without touching an object", async () => {
    const headers = { origin: "https://page.example" };
    const request = new Request(`${ORIGIN}/v1/link-keys`, { headers });
    const { response, touched } = await fetchCounting(request);
    expect(touched).toEqual(UNTOUCHED);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    const { keys } = await response.json<{ keys: { kid: number; publicKey: string }[] }>();
    const kids = env.MESH_KEYS.split(",").map((entry) => Number(entry.split(":")[0]));
    expect(keys.map(({ kid }) => kid)).toEqual(kids);
    for (const { publicKey } of keys) expect(fromBase64Url(publicKey)?.length).toBe(32);
    // Nothing of the private keys.
    for (const { publicKey } of keys) expect(env.MESH_KEYS).not.toContain(publicKey);
  });

  it.each(ROUTES)("refuses other methods on %s with the ones it takes", async (path, allow) => {
    // The operator's routes do not tell a stranger even that.
    const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
    for (const method of ["PUT", "PATCH"]) {
      const request = new Request(ORIGIN + path, { method, headers });
      const { response, touched } = await fetchCounting(request);
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allow);
      expect((await problemOf(response)).code).toBe("method_not_allowed");
      expect(touched).toEqual(UNTOUCHED);
    }
  });

  it.each(["/v1", "/v2/messages", "/v1/messages/a/b", "/v1/device", "//", "/healthz/x"])(
    "knows no route %s",
    async (path) => {
      const { response, touched } = await fetchCounting(new Request(ORIGIN + path));
      expect((await problemOf(response)).code).toBe("not_found");
      expect(touched).toEqual(UNTOUCHED);
    },
  );

  it("answers a browser's preflight for accounts, and for nothing of app servers or the operator", async () => {
    const preflight = (path: string) =>
      call(path, {
        method: "OPTIONS",
        headers: { origin: "https://page.example", "access-control-request-method": "POST" },
      });
    const devices = await preflight("/v1/devices");
    expect(devices.status).toBe(204);
    expect(devices.headers.get("access-control-allow-origin")).toBe("*");
    for (const path of ["/v1/messages", "/v1/apps"]) {
      expect((await preflight(path)).headers.get("access-control-allow-origin")).toBeNull();
    }
    // A page must be able to read why it was refused.
    const refused = await call("/v1/devices", {
      method: "POST",
      headers: { origin: "https://page.example" },
    });
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each([
    ["POST", "/v1/devices"],
    ["GET", "/healthz"],
    ["GET", "/v1/apps/AAAA/tags/news/live"],
    ["GET", "/v1/apps/AAAA/live-key"],
  ])("lets a page send what it sends without meaning to: %s %s", async (method, path) => {
    const asked = "authorization,baggage,cache-control,content-type,sentry-trace,traceparent";
    const answer = await call(path, {
      method: "OPTIONS",
      headers: {
        origin: "https://page.example",
        "access-control-request-method": method,
        "access-control-request-headers": asked,
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-methods")).toBe(method);
    expect(answer.headers.get("access-control-allow-headers")?.replaceAll(" ", "")).toBe(asked);
  });
});

describe("a mesh that is not set up", () => {
  const broken: [string, Partial<Record<keyof Env, string | undefined>>, string][] = [
    ["has no keys", { MESH_KEYS: undefined }, "MESH_KEYS is not set"],
    ["has empty keys", { MESH_KEYS: "" }, "MESH_KEYS is empty"],
    ["has a short key", { MESH_KEYS: "1:AAAA" }, "MESH_KEYS entry 1"],
    ["has no admin token", { ADMIN_TOKEN: undefined }, "ADMIN_TOKEN is not set"],
    ["has a short admin token", { ADMIN_TOKEN: "0123456789abcde" }, "shorter than 16"],
    ["has a wrong link bound", { MAX_LINKS: "many" }, "MAX_LINKS"],
  ];
  it.each(broken)("and %s answers no route", async (_, settings, detail) => {
    for (const [path, allow] of ROUTES) {
      for (const method of allow.split(", ")) {
        const request = new Request(ORIGIN + path, { method });
        const { response, touched } = await fetchCounting(
          request,
          settings as unknown as Partial<Env>,
        );
        expect(response.status).toBe(500);
        const problem = await problemOf(response);
        expect(problem.code).toBe("misconfigured");
        expect(problem.detail).toContain(detail);
        expect(touched).toEqual(UNTOUCHED);
      }
    }
  });
});

describe("a failing object", () => {
  /** A directory whose call fails as the runtime's would: the edge's part is what is tested. */
  const failing = (...errors: (Error | null)[]) => {
    let calls = 0;
    const list = async () => {
      const error = errors[calls++];
      if (error) throw error;
      return [];
    };
    const stub = { list, add: async () => true, remove: async () => true };
    const APP_DIRECTORY = { getByName: () => stub } as unknown as Env["APP_DIRECTORY"];
    return { settings: { APP_DIRECTORY }, calls: () => calls };
  };
  const flagged = (flags: object) => Object.assign(new Error("gone"), flags);
  const list = (settings: Partial<Env>) => {
    const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
    return fetchCounting(new Request(`${ORIGIN}/v1/apps`, { headers }), settings);
  };

  it("is asked once more where the runtime says that can help", async () => {
    const { settings, calls } = failing(flagged({ retryable: true }), null);
    expect((await list(settings)).response.status).toBe(200);
    expect(calls()).toBe(2);
  });

  it("is not asked again when it is overloaded, and the caller is told to wait", async () => {
    const { settings, calls } = failing(flagged({ overloaded: true, retryable: true }));
    const { response } = await list(settings);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect((await problemOf(response)).code).toBe("overloaded");
    expect(calls()).toBe(1);
  });

  it("that stays unreachable is answered as overloaded, too", async () => {
    const { settings, calls } = failing(flagged({ retryable: true }), flagged({ retryable: true }));
    expect((await problemOf((await list(settings)).response)).code).toBe("overloaded");
    expect(calls()).toBe(2);
  });

  it("of any other kind is logged once and answered as internal, with nothing of its words", async () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const { settings, calls } = failing(new Error("secret words"));
    const { response } = await list(settings);
    expect(await response.clone().text()).not.toContain("secret words");
    expect((await problemOf(response)).code).toBe("internal");
    expect(log).toHaveBeenCalledTimes(1);
    expect(calls()).toBe(1);
  });
});

it("P4.4 every refusal names its retry and what to do, as the table says", async () => {
  const app = await createApp();
  const request = await signed(app, { body: { to: "x", data: "x" } });
  const { response } = await fetchCounting(request);
  const { title, retry, advice, status } = ERRORS.reg_id_invalid;
  expect(await response.json()).toMatchObject({
    type: "urn:pushmesh:error:reg_id_invalid",
    code: "reg_id_invalid",
    title,
    retry,
    advice,
    status,
  });
});
