/** Operators: their credentials, their roles, and the log of what they change. */
import { runInDurableObject } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { addAudit } from "../../core/operator/audit.ts";
import { SqlDirectoryStore } from "../../objects/storage/app-directory-store.ts";
import { type NamedRoute, type OperatorRole, routesByPath } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { createApp, signed } from "./support/app.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

interface Credential {
  readonly credentialId: string;
  readonly token: string;
  readonly usedAt: number | null;
}
interface Entry {
  readonly id: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly [field: string]: unknown;
}

const HOME = "192.0.2.7";
const known = new Set<string>([env.ADMIN_TOKEN]);
let strangers = 0;
/** Each wrong token comes from another network, so that none of them is refused for the others (S63). */
const addressOf = (token: string): string =>
  known.has(token) ? HOME : `2001:db8:0:${(++strangers).toString(16)}::1`;

const ask = async (token: string, method: string, path: string, body?: unknown) =>
  fetchCounting(
    new Request(ORIGIN + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        "cf-connecting-ip": addressOf(token),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
const owner = async (method: string, path: string, body?: unknown) =>
  (await ask(env.ADMIN_TOKEN, method, path, body)).response;
const create = async (role: OperatorRole, expiresAt: number | null = null): Promise<Credential> => {
  const made = await owner("POST", "/v1/admin/credentials", { name: `a ${role}`, role, expiresAt });
  expect(made.status).toBe(201);
  const credential = await made.json<Credential>();
  known.add(credential.token);
  return credential;
};
const codeOf = async (response: Response) =>
  response.status < 400 ? response.status : (await problemOf(response)).code;
const audits = async (query = "") =>
  (await owner("GET", `/v1/admin/audit${query}`)).json<{ entries: Entry[]; next: string | null }>();

const directory = () => {
  const namespace = (bindings as unknown as { APP_DIRECTORY: DurableObjectNamespace })
    .APP_DIRECTORY;
  return namespace.get(namespace.idFromName("apps"));
};
const inDirectory = <T>(read: (store: SqlDirectoryStore) => T): Promise<T> =>
  runInDurableObject(directory(), (_, { storage }) => read(new SqlDirectoryStore(storage.sql)));

const ROUTES = routesByPath()
  .flatMap(({ routes }) => routes)
  .filter(({ auth }) => auth === "admin");
const pathOf = ({ path }: NamedRoute) => path.replaceAll(/:\w+/g, "x");
const RANK = { viewer: 0, operator: 1, owner: 2 };

describe("roles", () => {
  it("S55 every route of operators says which role it needs, and refuses the roles below", async () => {
    expect(ROUTES.map(({ path }) => path)).toContain("/v1/admin/credentials");
    for (const role of ["viewer", "operator", "owner"] as const) {
      const { token } = await create(role);
      for (const route of ROUTES) {
        expect(route.role, `the role of ${route.id}`).toBeDefined();
        const asked = await ask(token, route.method, pathOf(route));
        const code = await codeOf(asked.response);
        const isAllowed = RANK[role] >= RANK[route.role ?? "owner"];
        expect([role, route.id, code === "role_missing"]).toEqual([role, route.id, !isAllowed]);
        // Only the credential is looked up for who may not do it.
        if (!isAllowed) expect(asked.touched).toEqual({ ...UNTOUCHED, directory: 1 });
      }
    }
  });

  it("S55 only owners manage credentials; viewers change nothing", () => {
    const needs = (role: OperatorRole) =>
      ROUTES.filter((route) => route.role === role).map(({ method, id }) => `${method} ${id}`);
    expect(needs("viewer").filter((route) => !route.startsWith("GET "))).toEqual([]);
    expect(needs("owner")).toEqual([
      "GET listCredentials",
      "POST createCredential",
      "DELETE revokeCredential",
    ]);
  });

  it("S55 the refusal names the role that is needed", async () => {
    const { token } = await create("viewer");
    const problem = await problemOf((await ask(token, "POST", "/v1/apps", {})).response);
    expect(problem.code).toBe("role_missing");
    expect(problem.detail).toBe(
      "this needs the role operator; your credential has the role viewer",
    );
  });

  it("S55 unknown paths below /v1/admin and /v1/apps tell strangers nothing", async () => {
    for (const path of ["/v1/admin", "/v1/admin/x", "/v1/admin/audit/x", "/v1/apps/x/y"]) {
      expect(await codeOf((await ask("x", "GET", path)).response)).toBe("admin_token_invalid");
      expect(await codeOf(await owner("GET", path))).toBe("not_found");
    }
  });
});

describe("credentials", () => {
  it("S56 are stored as hashes, listed without tokens, and say when they were used", async () => {
    const { token, credentialId } = await create("viewer");
    expect((await ask(token, "GET", "/v1/apps")).response.status).toBe(200);
    const listed = await (await owner("GET", "/v1/admin/credentials")).json<{
      credentials: Credential[];
    }>();
    const found = listed.credentials.find((each) => each.credentialId === credentialId);
    expect(found).toEqual({
      ...{ credentialId, name: "a viewer", role: "viewer" },
      ...{ createdAt: expect.any(Number), expiresAt: null, usedAt: expect.any(Number) },
    });
    const rows = await runInDurableObject(directory(), (_, { storage }) =>
      storage.sql.exec("SELECT * FROM credential WHERE id = ?", credentialId).toArray(),
    );
    const secret = token.slice("pmop_".length);
    const text = JSON.stringify(rows, (_, value) =>
      value instanceof ArrayBuffer ? Buffer.from(value).toString("base64url") : value,
    );
    expect(text).toContain(credentialId);
    for (let at = 12; at + 12 <= secret.length; at += 12)
      expect(text).not.toContain(secret.slice(at, at + 12));
  });

  it("S56 a use is recorded once an hour, so that a credential in use costs no row a request", async () => {
    const { token, credentialId } = await create("viewer");
    const used = () => inDirectory((store) => store.credential(credentialId)?.usedAt);
    await ask(token, "GET", "/v1/apps");
    const first = await used();
    expect(first).toEqual(expect.any(Number));
    const early = (first ?? 0) - LIMITS.CREDENTIAL_USED_MS + 60_000;
    await inDirectory((store) => store.setCredentialUsed(credentialId, early));
    await ask(token, "GET", "/v1/apps");
    expect(await used()).toBe(early);
    await inDirectory((store) => store.setCredentialUsed(credentialId, early - 120_000));
    await ask(token, "GET", "/v1/apps");
    expect(await used()).toBeGreaterThanOrEqual(first ?? Infinity);
  });

  it("S56 end at once when revoked; two of one operator work side by side until then", async () => {
    const [old, next] = [await create("operator"), await create("operator")];
    const works = async ({ token }: Credential) =>
      codeOf((await ask(token, "GET", "/v1/apps")).response);
    expect([await works(old), await works(next)]).toEqual([200, 200]);
    const path = `/v1/admin/credentials/${old.credentialId}`;
    expect((await owner("DELETE", path)).status).toBe(204);
    expect([await works(old), await works(next)]).toEqual(["admin_token_invalid", 200]);
    expect(await codeOf(await owner("DELETE", path))).toBe("credential_not_found");
  });

  it("S56 end when they expire, and the refusal says so only to who has the token", async () => {
    const { token, credentialId } = await create("owner", Date.now() + 60_000);
    expect((await ask(token, "GET", "/v1/apps")).response.status).toBe(200);
    await inDirectory((store) => {
      const found = store.credential(credentialId);
      store.removeCredential(credentialId);
      if (found !== null) store.addCredential({ ...found, expiresAt: Date.now() - 1 });
    });
    const problem = await problemOf((await ask(token, "GET", "/v1/apps")).response);
    expect(problem).toMatchObject({
      code: "admin_token_invalid",
      detail: "the credential has expired; ask an owner for one",
    });
  });

  it("S56 a forged, cut or foreign token touches no object; one whose row is gone opens nothing", async () => {
    const { token } = await create("owner");
    const flip = (at: number) =>
      token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    const forged = [
      ...[5, 8, 20, 40, 60, 79].map(flip),
      ...[token.slice(0, -1), `${token}A`, token.slice(5), token.toUpperCase(), "pmop_"],
    ];
    for (const guess of forged) {
      const { response, touched } = await ask(guess, "GET", "/v1/apps");
      expect([guess, await codeOf(response)]).toEqual([guess, "admin_token_invalid"]);
      expect(touched).toEqual(UNTOUCHED);
    }
    await inDirectory((store) => {
      for (const { credentialId } of store.credentials()) store.removeCredential(credentialId);
    });
    expect(await codeOf((await ask(token, "GET", "/v1/apps")).response)).toBe(
      "admin_token_invalid",
    );
  });

  it("S56 the ADMIN_TOKEN stays an owner when all credentials are gone", async () => {
    await inDirectory((store) => {
      for (const { credentialId } of store.credentials()) store.removeCredential(credentialId);
    });
    expect(await codeOf(await owner("GET", "/v1/admin/credentials"))).toBe(200);
    await create("owner");
  });

  it(`S56 are at most ${LIMITS.CREDENTIALS}; a revoked one makes room`, async () => {
    await inDirectory((store) => {
      const one = { name: "x", role: "viewer", hash: new Uint8Array(32) } as const;
      const times = { createdAt: 1, expiresAt: null, usedAt: null };
      for (let n = store.credentials().length; n < LIMITS.CREDENTIALS; n++)
        store.addCredential({ credentialId: `filler${n}`, ...one, ...times });
    });
    const more = { name: "one more", role: "viewer" };
    expect(await codeOf(await owner("POST", "/v1/admin/credentials", more))).toBe(
      "too_many_credentials",
    );
    const [first] = await inDirectory((store) => store.credentials());
    await owner("DELETE", `/v1/admin/credentials/${first?.credentialId}`);
    expect((await owner("POST", "/v1/admin/credentials", more)).status).toBe(201);
  });

  it.each([
    [{ role: "owner" }, "name"],
    [{ name: "", role: "owner" }, "name"],
    [{ name: "é".repeat(LIMITS.CREDENTIAL_NAME_BYTES / 2 + 1), role: "owner" }, "name"],
    [{ name: "x" }, "role"],
    [{ name: "x", role: "admin" }, "role"],
    [{ name: "x", role: "owner", expiresAt: 1 }, "expiresAt"],
    [{ name: "x", role: "owner", expiresAt: "tomorrow" }, "expiresAt"],
    [{ name: "x", role: "owner", token: "x" }, "token"],
  ])("S56 refuse the body %j and name the field", async (body, field) => {
    const problem = await problemOf(await owner("POST", "/v1/admin/credentials", body));
    expect([problem.code, problem.field]).toEqual(["field_invalid", field]);
  });
});

describe("the audit log", () => {
  it("S57 has every change with who made it, from where, what and when, newest first", async () => {
    await inDirectory((store) => {
      for (const { credentialId } of store.credentials()) store.removeCredential(credentialId);
    });
    const { token, credentialId } = await create("operator");
    const before = Date.now();
    const made = await ask(token, "POST", "/v1/apps", { name: "Shop" });
    const requestId = made.response.headers.get("x-request-id");
    const { appId } = await made.response.json<{ appId: string }>();
    const algorithm = "hmac-sha256";
    const keys = `/v1/apps/${appId}/keys`;
    const key = await (await ask(token, "POST", keys, { algorithm })).response.json<{
      keyId: string;
    }>();
    await ask(token, "DELETE", `${keys}/${key.keyId}`);
    const policy = { register: "open", alias: [], tag: [] };
    expect((await ask(token, "PUT", `/v1/apps/${appId}/policy`, policy)).response.status).toBe(200);
    await ask(token, "DELETE", `/v1/apps/${appId}`);
    await owner("DELETE", `/v1/admin/credentials/${credentialId}`);

    const { entries } = await audits("?limit=7");
    expect(entries.map(({ action, target }) => [action, target])).toEqual([
      ["credential.revoke", credentialId],
      ["app.delete", appId],
      ["policy.set", appId],
      ["key.revoke", key.keyId],
      ["key.create", key.keyId],
      ["app.create", appId],
      ["credential.create", credentialId],
    ]);
    const by = { actor: "a operator", credentialId, role: "operator", address: "192.0.2.7" };
    expect(entries[5]).toEqual({
      ...{ id: expect.any(Number), at: expect.any(Number), ...by },
      ...{ action: "app.create", target: appId, appId, detail: "Shop", requestId },
    });
    expect(entries[5]?.["at"]).toBeGreaterThanOrEqual(before);
    expect(entries[0]).toMatchObject({ actor: "ADMIN_TOKEN", credentialId: null, role: "owner" });
    expect(JSON.stringify(entries)).not.toContain(token);
  });

  it("S57 has changes that an app's server signed, by key; reads and refused changes leave none", async () => {
    const app = await createApp();
    await fetchCounting(
      await signed(app, { method: "PUT", path: "/v1/tags/news/live", body: { access: "open" } }),
    );
    const { entries } = await audits(`?appId=${app.appId}`);
    expect(entries[0]).toMatchObject({
      ...{ actor: app.keyId, credentialId: null, role: "app" },
      ...{ action: "live.set", target: "news", appId: app.appId, detail: "open" },
    });
    expect(entries.map(({ action }) => action)).toEqual(["live.set", "key.create", "app.create"]);
    await owner("GET", "/v1/apps");
    await owner("POST", "/v1/apps", {});
    await owner("DELETE", `/v1/apps/${app.appId}/keys/${app.appId}.k9`);
    expect((await audits(`?appId=${app.appId}`)).entries).toEqual(entries);
  });

  it("S57 S58 has no entry of what changed nothing, however often an app's server repeats it", async () => {
    const app = await createApp();
    const set = async (access: string) => {
      const body = { access };
      const { response } = await fetchCounting(
        await signed(app, { method: "PUT", path: "/v1/tags/news/live", body }),
      );
      expect(response.status).toBe(204);
    };
    for (const access of ["token", "open", "open", "closed", "closed", "open"]) await set(access);
    const { entries } = await audits(`?appId=${app.appId}`);
    const changes = entries.filter(({ action }) => action === "live.set");
    expect(changes.map(({ detail }) => detail)).toEqual(["open", "closed", "open"]);
  });

  it("S57 comes in pages that name the next one", async () => {
    for (let n = 0; n < 5; n++) await owner("POST", "/v1/apps", { name: `app ${n}` });
    const all = (await audits("?limit=5")).entries;
    const first = await audits("?limit=2");
    const second = await audits(`?limit=3&cursor=${first.next}`);
    expect([...first.entries, ...second.entries]).toEqual(all);
    expect(all.map(({ id }) => id)).toEqual([...all.map(({ id }) => id)].sort((a, b) => b - a));
    const { entries, next } = await audits(`?cursor=2`);
    expect([entries.length, next]).toEqual([1, null]);
    for (const query of ["?limit=0", `?limit=${LIMITS.AUDIT_PAGE + 1}`, "?cursor=x", "?from=1"])
      expect(await codeOf(await owner("GET", `/v1/admin/audit${query}`))).toBe("field_invalid");
  });

  it("S57 counts wrong tokens, in one entry before the next change", async () => {
    await owner("POST", "/v1/apps", { name: "before" });
    for (let n = 0; n < 7; n++) await ask(`wrong ${n}`, "GET", "/v1/apps");
    expect((await audits("?limit=1")).entries[0]?.["detail"]).toBe("before");
    await owner("POST", "/v1/apps", { name: "after" });
    const { entries } = await audits("?limit=2");
    expect(entries.map(({ actor, detail }) => [actor, detail])).toEqual([
      ["ADMIN_TOKEN", "after"],
      ["anyone", "7 requests with a wrong admin token since the last entry of this process"],
    ]);
  });

  const event = (n: number, role: string, appId: string | null, at: number) => ({
    ...{ at, actor: "x", credentialId: null, role, action: "live.set", target: `${n}`, appId },
    ...{ detail: null, address: null, requestId: "x" },
  });

  it(`S58 keeps ${LIMITS.AUDIT_APP} entries of an app's servers, which push out nothing of others`, async () => {
    const now = Date.now();
    const kept = await inDirectory((store) => {
      addAudit(store, event(0, "operator", "one", now), now);
      addAudit(store, event(0, "app", "other", now), now);
      for (let n = 1; n <= LIMITS.AUDIT_APP + 50; n++)
        addAudit(store, event(n, "app", "one", now), now);
      const targets = (appId: string) =>
        store.audits(1e9, appId, 10_000).map((each) => each.target);
      return { one: targets("one"), other: targets("other") };
    });
    expect(kept.other).toEqual(["0"]);
    expect(kept.one.length).toBe(LIMITS.AUDIT_APP + 1);
    expect([kept.one[0], kept.one.at(-2), kept.one.at(-1)]).toEqual([
      ...[`${LIMITS.AUDIT_APP + 50}`, "51", "0"],
    ]);
  });

  it(`S58 keeps ${LIMITS.AUDIT_OPERATORS} entries of operators, and none older than 400 days`, async () => {
    const now = Date.now();
    const counts = await inDirectory((store) => {
      for (let n = 0; n < 20; n++)
        addAudit(store, event(n, "owner", null, now - LIMITS.AUDIT_MS - 1), now);
      const old = store.countAudit("");
      for (let n = old; n <= LIMITS.AUDIT_OPERATORS + 20; n++)
        addAudit(store, event(n, "owner", null, now), now);
      return { all: store.countAudit("") };
    });
    expect(counts.all).toBe(LIMITS.AUDIT_OPERATORS);
    const { entries } = await audits("?limit=200");
    expect(entries.every(({ at }) => Number(at) >= now - LIMITS.AUDIT_MS)).toBe(true);
  });
});
