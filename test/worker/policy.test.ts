import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, OPEN_POLICY } from "../../core/trust/policy.ts";
import { LIMITS } from "../../schema/limits.ts";
import { admin, createApp, createKey, signed } from "./support/app.ts";
import { createRecipient } from "./support/fleet.ts";
import { call, env, fetchCounting, problemOf } from "./support/mesh.ts";

const make = async (body: object): Promise<string> => {
  const answer = await admin("/v1/apps", "POST", { name: "policy", ...body });
  return (await answer.json<{ appId: string }>()).appId;
};
const read = async (appId: string) => (await admin(`/v1/apps/${appId}/policy`, "GET")).json();
const put = (appId: string, body: unknown) => admin(`/v1/apps/${appId}/policy`, "PUT", body);
const trustOf = async (appId: string) => {
  const { policy, trustVersion } = (await env.APPS.getByName(appId).record()) ?? {};
  return { policy, trustVersion };
};

describe("S10 the policy of an app", () => {
  it("is granted for a new app, and open for one that was made open", async () => {
    expect(await read(await make({}))).toEqual(DEFAULT_POLICY);
    expect(await read(await make({ policy: "open" }))).toEqual(OPEN_POLICY);
    const tag = [{ prefix: "news/", rule: "open" }];
    expect(await read(await make({ policy: { tag } }))).toEqual({ ...DEFAULT_POLICY, tag });
  });

  it("is replaced as a whole, shown with the app, and has a version that rises", async () => {
    const appId = await make({ policy: "open" });
    expect(await trustOf(appId)).toEqual({ policy: OPEN_POLICY, trustVersion: 1 });
    const policy = {
      register: "server",
      alias: [{ prefix: "user/", rule: "granted" }],
      tag: [{ prefix: "", rule: "server" }],
    };
    const answer = await put(appId, policy);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 200,
      body: policy,
    });
    expect(await read(appId)).toEqual(policy);
    const shown = await (await admin(`/v1/apps/${appId}`, "GET")).json();
    expect(shown).toMatchObject({ policy });
    expect(await (await put(appId, {})).json()).toEqual(DEFAULT_POLICY);
    expect(await trustOf(appId)).toEqual({ policy: DEFAULT_POLICY, trustVersion: 3 });
  });

  it("gets another version when a key is revoked", async () => {
    const appId = await make({});
    const { keyId } = await createKey(appId);
    expect(await trustOf(appId)).toMatchObject({ trustVersion: 1 });
    await admin(`/v1/apps/${appId}/keys/${keyId}`, "DELETE");
    expect(await trustOf(appId)).toMatchObject({ trustVersion: 2 });
  });

  it("of no app is neither shown nor set, also once the app is deleted", async () => {
    const appId = await make({ policy: "open" });
    await admin(`/v1/apps/${appId}`, "DELETE");
    for (const id of [appId, "x"]) {
      const answers = [await admin(`/v1/apps/${id}/policy`, "GET"), await put(id, {})];
      for (const answer of answers) {
        expect((await problemOf(answer)).code).toBe("app_not_found");
      }
    }
    expect(await env.APPS.getByName(appId).record()).toBeNull();
  });

  it("is the operator's: a key of the app does not open its route", async () => {
    const app = await createApp();
    const path = `/v1/apps/${app.appId}/policy`;
    const request = await signed(app, { method: "PUT", path, body: {} });
    const { status } = await call(path, { method: "PUT", headers: request.headers, body: "{}" });
    expect(status).toBe(401);
    expect(await read(app.appId)).toEqual(OPEN_POLICY);
  });

  const long = "x".repeat(LIMITS.TAG_BYTES + 1);
  const many = Array.from({ length: LIMITS.POLICY_PREFIXES + 1 }, (_, n) => ({
    prefix: `p${n}`,
    rule: "open",
  }));
  const bad: [string, unknown, string, RegExp][] = [
    ["an unknown rule", { register: "anyone" }, "register", /"server"\|"granted"\|"open"/],
    ["an unknown field", { tags: [] }, "tags", /no such field/],
    ["a prefix without a rule", { tag: [{ prefix: "a" }] }, "tag.0.rule", /"server"/],
    [
      "a long prefix",
      { tag: [{ prefix: long, rule: "open" }] },
      "tag.0.prefix",
      new RegExp(`at most ${LIMITS.TAG_BYTES} bytes`),
    ],
    [
      "half a character",
      { alias: [{ prefix: "\ud83d", rule: "open" }] },
      "alias.0.prefix",
      /Unicode/,
    ],
    [
      "one prefix twice",
      {
        alias: [
          { prefix: "a", rule: "open" },
          { prefix: "a", rule: "server" },
        ],
      },
      "alias.1.prefix",
      /another rule/,
    ],
    ["too many prefixes", { tag: many }, "tag", new RegExp(`${LIMITS.POLICY_PREFIXES}`)],
  ];
  it.each(bad)("P4.4 with %s is refused, by field and bound", async (_, body, field, detail) => {
    const appId = await make({});
    const whole = await problemOf(await put(appId, body));
    expect(whole).toMatchObject({ code: "field_invalid", field });
    expect(whole.detail).toMatch(detail);
    const made = await problemOf(await admin("/v1/apps", "POST", { name: "x", policy: body }));
    expect(made).toMatchObject({ code: "field_invalid", field: `policy.${field}` });
    expect(await read(appId)).toEqual(DEFAULT_POLICY);
  });

  it("P8.1 may have two full lists of the longest prefixes, and no larger body", async () => {
    const appId = await make({});
    // Control characters are six bytes of JSON each.
    const rules = Array.from({ length: LIMITS.POLICY_PREFIXES }, (_, n) => ({
      prefix: String.fromCharCode(n + 1).padEnd(LIMITS.TAG_BYTES, "\u0001"),
      rule: "granted",
    }));
    const policy = { register: "granted", alias: rules, tag: rules };
    expect((await put(appId, policy)).status).toBe(200);
    expect(await read(appId)).toEqual(policy);
    const tooLarge = { ...policy, pad: "x".repeat(LIMITS.POLICY_BODY_BYTES) };
    expect((await problemOf(await put(appId, tooLarge))).code).toBe("body_too_large");
  });

  it.each(["closed", "granted", "", null, 1, []])(
    "%j is no policy of a new app",
    async (policy) => {
      const refused = await problemOf(await admin("/v1/apps", "POST", { name: "x", policy }));
      expect(refused).toMatchObject({ code: "field_invalid", field: "policy" });
      expect(refused.detail).toMatch(/open/);
    },
  );
});

it("S6 the first send to a registration after a change costs one call of its device more, and no other send does", async () => {
  const app = await createApp();
  const { regId } = await createRecipient(app);
  const devices = async () => {
    const body = { to: regId, data: "x" };
    const headers = { prefer: "respond-async", "idempotency-key": crypto.randomUUID() };
    const { response, touched } = await fetchCounting(await signed(app, { body, headers }));
    expect(response.status).toBe(202);
    expect(touched.tags).toBeUndefined();
    return touched.devices;
  };
  expect(await devices()).toBe(1);
  expect((await put(app.appId, OPEN_POLICY)).status).toBe(200);
  expect([await devices(), await devices(), await devices()]).toEqual([2, 1, 1]);
});
