/** Send tokens: for scripts that cannot sign. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { appCache } from "../../../worker/signature/authenticate.ts";
import { admin, createApp, createKey, signed, type TestApp } from "../support/app.ts";
import { createRecipient } from "../support/fleet.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "../support/mesh.ts";

let app: TestApp;
let regId: string;
let token: string;
let keyId: string;

async function createToken(appId: string, rights: object = {}) {
  const answer = await admin(`/v1/apps/${appId}/keys`, "POST", { algorithm: "bearer", ...rights });
  expect(answer.status).toBe(201);
  return answer.json<{
    keyId: string;
    secret: string;
    scopes: string[];
    expiresAt: number | null;
  }>();
}

beforeAll(async () => {
  app = await createApp();
  const recipient = await createRecipient(app);
  regId = recipient.regId;
  recipient.link.close();
  ({ secret: token, keyId } = await createToken(app.appId));
  appCache.forget(app.appId);
  expect((await post({ query: { to: regId }, body: "warm" })).response.status).toBe(202);
});

interface Sent {
  readonly query?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
  readonly origin?: string;
  readonly path?: string;
}

/** As `curl -d` sends it. */
const post = ({ query = {}, body = "", headers = {}, origin = ORIGIN, path = "" }: Sent) => {
  const search = new URLSearchParams(query).toString();
  return fetchCounting(
    new Request(`${origin}/v1/messages${path}${search && "?"}${search}`, {
      method: "POST",
      headers: {
        ...{ authorization: `Bearer ${token}`, prefer: "respond-async" },
        ...{ "content-type": "application/x-www-form-urlencoded", ...headers },
      },
      body,
    }),
  );
};

async function refused(sent: Sent, code: string) {
  const { response, touched } = await post(sent);
  const problem = await problemOf(response);
  expect(problem.code).toBe(code);
  expect(touched).toEqual(UNTOUCHED);
  return { problem, response };
}

const statusOf = async (id: string) => {
  const request = new Request(`${ORIGIN}/v1/messages/${id}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { response } = await fetchCounting(request);
  return response.json<{ status: string }>();
};

describe("S64 a send token", () => {
  it("S64 is text that names its key, and has the scope send alone", async () => {
    const made = await createToken(app.appId, { expiresAt: Date.now() + 60_000 });
    expect(made.secret).toBe(`pmst_${made.keyId}.${made.secret.slice(-43)}`);
    expect(made.scopes).toEqual(["send"]);
    const shown = await admin(`/v1/apps/${app.appId}`, "GET");
    expect(JSON.stringify(await shown.json())).not.toContain(made.secret.slice(-43));
    const other = { algorithm: "bearer", scopes: ["send", "manage"] };
    const answer = await admin(`/v1/apps/${app.appId}/keys`, "POST", other);
    expect(await problemOf(answer)).toMatchObject({ code: "field_invalid", field: "scopes" });
  });

  it("S64 sends text, and reads the status of what it sent", async () => {
    const { response } = await post({ query: { to: regId, ttl: "60" }, body: "hi ☺" });
    expect(response.status).toBe(202);
    const { id } = await response.json<{ id: string }>();
    expect(await statusOf(id)).toMatchObject({ status: "queued" });
  });

  it("S64 sends JSON as a signed request does", async () => {
    const body = JSON.stringify({ to: regId, data: { n: 1 }, ttl: 0 });
    const { response } = await post({ body, headers: { "content-type": "application/json" } });
    expect(await response.json()).toMatchObject({ status: "expired" });
  });

  it("S64 is one message for one Idempotency-Key, and otherwise one for each request", async () => {
    const ids = new Set<string>();
    const send = async (headers: Record<string, string>, body = "again") => {
      const { response } = await post({ query: { to: regId }, body, headers });
      return response.json<{ id: string; code?: string }>();
    };
    for (let n = 0; n < 3; n++) ids.add((await send({ "idempotency-key": "order-1" })).id);
    expect(ids.size).toBe(1);
    expect((await send({ "idempotency-key": "order-1" }, "other")).code).toBe(
      "idempotency_key_reused",
    );
    for (let n = 0; n < 3; n++) ids.add((await send({})).id);
    expect(ids.size).toBe(4);
  });

  it("S64 may do nothing but send", async () => {
    for (const [method, path] of [
      ["GET", "/v1/tags"],
      ["GET", `/v1/registrations/${regId}`],
      ["DELETE", `/v1/registrations/${regId}`],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      const { response, touched } = await fetchCounting(
        new Request(ORIGIN + path, { method, headers }),
      );
      expect((await problemOf(response)).code).toBe("scope_missing");
      expect(touched).toEqual(UNTOUCHED);
    }
    const body = JSON.stringify({ add: [regId], tag: "news" });
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const request = new Request(`${ORIGIN}/v1/tags/members`, { method: "POST", headers, body });
    const { response } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("scope_missing");
  });
});

describe("S65 a text message", () => {
  it.each([
    ["no target", {}, "to"],
    ["two targets", { to: "x", tag: "news" }, "to"],
    ["an unknown field", { to: "x", title: "Hi" }, "title"],
    ["a ttl of words", { to: "x", ttl: "1h" }, "ttl"],
    ["a ttl over the bound", { to: "x", ttl: `${LIMITS.TTL_MAX_SECONDS + 1}` }, "ttl"],
    ["an unknown priority", { to: "x", priority: "urgent" }, "priority"],
    ["another everyone", { everyone: "yes" }, "everyone"],
    ["an empty alias", { alias: "" }, "alias"],
  ])("S65 with %s is refused by name", async (_, query, field) => {
    const { problem } = await refused({ query, body: "x" }, "field_invalid");
    expect(problem.field).toBe(field);
  });

  it("S65 has at most as many bytes as a message, and is UTF-8", async () => {
    const query = { to: regId };
    await refused({ query, body: "x".repeat(LIMITS.DATA_BYTES + 1) }, "body_too_large");
    const { problem } = await refused({ query, body: Uint8Array.of(0xff, 0xfe) }, "field_invalid");
    expect(problem.field).toBe("data");
    const form = { "content-type": "multipart/form-data; boundary=x" };
    await refused({ query, body: "x", headers: form }, "content_type_unsupported");
    const { response } = await post({ query, body: "x".repeat(LIMITS.DATA_BYTES) });
    expect(response.status).toBe(202);
  });

  it("S65 that is JSON has no query, whose options would be missed", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ to: regId, data: "x" });
    const { problem } = await refused({ query: { ttl: "5" }, body, headers }, "field_invalid");
    expect(problem.field).toBe("ttl");
  });

  it("S65 of a script that has forgotten its token is refused for that", async () => {
    const headers = { "content-type": "text/plain" };
    const init = { method: "POST", headers, body: "hi" };
    const request = new Request(`${ORIGIN}/v1/messages?to=${regId}`, init);
    const problem = await problemOf((await fetchCounting(request)).response);
    expect(problem.code).toBe("signature_missing");
    expect(problem.detail).toContain("send token");
  });

  it("S65 needs a token: signed requests have JSON", async () => {
    const headers = { "content-type": "text/plain" };
    const request = await signed(app, { path: `/v1/messages?to=${regId}`, body: "hi", headers });
    const { response } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("content_type_unsupported");
  });
});

describe("S66 a wrong send token", () => {
  const withToken = (text: string): Sent => ({
    query: { to: regId },
    body: "x",
    headers: { authorization: `Bearer ${text}` },
  });

  it("S66 is refused without a call of any object but the app's", async () => {
    const [, name = "", n = ""] = /^pmst_([\w-]{22})\.k(\d+)/.exec(token) ?? [];
    const secret = token.slice(-43);
    const changed = `${secret.startsWith("A") ? "B" : "A"}${secret.slice(1)}`;
    for (const wrong of [
      "x",
      "pmst_",
      token.slice(0, -1),
      `${token}A`,
      `pmst_${name}.k${n}.${changed}`,
      `pmst_${"A".repeat(22)}.k1.${secret}`,
      // The secret of an HMAC key is no token, and neither is the token of another key.
      `pmst_${app.keyId}.${secret}`,
    ]) {
      const { response } = await refused(withToken(wrong), "send_token_invalid");
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="pushmesh"');
    }
  });

  it("S66 signs nothing, nor does its hash", async () => {
    const { signer } = await createKey(app.appId);
    const request = await signed({ keyId, signer }, { body: { to: regId, data: "x" } });
    const { response } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("key_unknown");
  });

  it("S66 ends with its expiry", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const made = await createToken(app.appId, { expiresAt: Date.now() + 10_000 });
      appCache.forget(app.appId);
      expect((await post(withToken(made.secret))).response.status).toBe(202);
      vi.setSystemTime(Date.now() + 10_001);
      const { response } = await post(withToken(made.secret));
      expect(await problemOf(response)).toMatchObject({ code: "send_token_invalid" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("S66 ends with its revocation", async () => {
    const made = await createToken(app.appId);
    appCache.forget(app.appId);
    expect((await post(withToken(made.secret))).response.status).toBe(202);
    await admin(`/v1/apps/${app.appId}/keys/${made.keyId}`, "DELETE");
    const after = await post(withToken(made.secret));
    expect((await problemOf(after.response)).code).toBe("send_token_invalid");
    expect(after.touched.devices).toBe(0);
  });

  it("S67 came in the clear over a network: it is refused, right or wrong, and not looked up", async () => {
    const origin = ORIGIN.replace("https:", "http:");
    for (const text of [token, "x", `pmst_${"A".repeat(22)}.k1.${token.slice(-43)}`]) {
      const { response } = await refused({ ...withToken(text), origin }, "send_token_exposed");
      expect(response.status).toBe(403);
    }
  });

  it("S67 at loopback needs no TLS", async () => {
    const origin = ORIGIN.replace("https:", "http:");
    const headers = { authorization: `Bearer ${token}`, "cf-connecting-ip": "127.0.0.1" };
    const { response } = await post({ query: { to: regId }, body: "x", origin, headers });
    expect(response.status).toBe(202);
    expect(env.MAX_LINKS).toBeUndefined();
  });
});
