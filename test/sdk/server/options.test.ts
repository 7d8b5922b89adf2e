/** The server SDK: settings from the environment, options, signals, the limit of an attempt, and the log. */
import { describe, expect, test } from "vitest";
import {
  type LogEntry,
  MeshAdmin,
  PushServer,
  type PushServerOptions,
} from "../../../sdk/server/mod.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64url");
const ENV = {
  PUSHMESH_URL: "https://push.test",
  PUSHMESH_KEY_ID: "app.k1",
  PUSHMESH_KEY: SECRET,
};
const OPTIONS: PushServerOptions = { url: ENV.PUSHMESH_URL, keyId: "app.k1", key: SECRET };

const answer = (status: number, body: object) => async () => Response.json(body, { status });
const FULL = { code: "overloaded", detail: "too busy", retry: "later" };

describe("fromEnv", () => {
  test("E10 takes the variables of the command, and options before them", async () => {
    const urls: string[] = [];
    const host = {
      fetch: async (url: string) => {
        urls.push(url);
        return Response.json({ id: "m.r", status: "queued" });
      },
    };
    await PushServer.fromEnv({ host }, ENV).status("m.r");
    await PushServer.fromEnv({ host, url: "https://other.test" }, ENV).status("m.r");
    expect(urls).toEqual([
      "https://push.test/v1/messages/m.r",
      "https://other.test/v1/messages/m.r",
    ]);
  });

  test.each(Object.keys(ENV))("E10 names %s if it is missing or empty", (name) => {
    const error = { code: "option_invalid", message: expect.stringContaining(name) };
    expect(() => PushServer.fromEnv({}, { ...ENV, [name]: undefined })).toThrow(
      expect.objectContaining(error),
    );
    expect(() => PushServer.fromEnv({}, { ...ENV, [name]: "" })).toThrow(
      expect.objectContaining(error),
    );
  });

  test("E10 reads the environment of the process", () => {
    const before = { ...process.env };
    Object.assign(process.env, ENV);
    try {
      expect(PushServer.fromEnv()).toBeInstanceOf(PushServer);
    } finally {
      for (const name of Object.keys(ENV)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});

test.each<[object, string]>([
  [{ retryFor: 5 }, "retryFor: unknown option; did you mean retryForMs?"],
  [{ retryForMs: 600_001 }, "retryForMs: must be whole, 0 to 600000, and is 600001"],
  [{ attempts: 0 }, "attempts: must be whole, 1 to 100, and is 0"],
  [{ timeoutMs: 99 }, "timeoutMs: must be whole, 100 to 600000, and is 99"],
  [{ onRetry: true }, "onRetry: must be a function"],
  [{ log: console }, "log: must be a function, and is of type object"],
])("E9 PushServer refuses %j by name and bound", (options, message) => {
  expect(() => new PushServer({ ...OPTIONS, ...options })).toThrow(
    expect.objectContaining({ code: "option_invalid", message: expect.stringContaining(message) }),
  );
});

test("E9 MeshAdmin refuses a misspelt option, and does not show the token", () => {
  const options = { url: ENV.PUSHMESH_URL, token: "a secret", timeout: 5 };
  expect(() => new MeshAdmin(options)).toThrow(
    /^timeout: unknown option; did you mean timeoutMs\?$/,
  );
});

const push = (host: PushServerOptions["host"] = {}) => new PushServer({ ...OPTIONS, host });
const admin = () => new MeshAdmin({ url: ENV.PUSHMESH_URL, token: "t" });
const signal = AbortSignal.abort();
const drain = async (list: AsyncIterable<unknown>) => {
  for await (const _ of list);
};

test.each<[string, () => Promise<unknown>]>([
  ["send", () => push().send({ to: "r", data: "x" }, { signal })],
  ["broadcast", () => push().broadcast({ to: { tag: "t" }, data: "x" }, { signal })],
  ["status", () => push().status("m.r", { signal })],
  ["registration", () => push().registration("r", { signal })],
  ["revokeGrant", () => push().revokeGrant("jti", { signal })],
  ["tags.add", () => push().tags.add("t", "r", { signal })],
  ["tags.remove", () => push().tags.remove("t", "r", { signal })],
  ["tags.get", () => push().tags.get("t", { signal })],
  ["tags.page", () => push().tags.page({}, { signal })],
  ["tags.list", () => drain(push().tags.list({}, { signal }))],
  ["tags.setLive", () => push().tags.setLive("t", "open", { signal })],
  ["aliases.add", () => push().aliases.add("a", "r", { signal })],
  ["aliases.remove", () => push().aliases.remove("a", "r", { signal })],
  ["aliases.get", () => push().aliases.get("a", { signal })],
  ["sendMany", () => push().sendMany({ to: { regIds: ["r"] }, data: "x" }, { signal })],
  ["sendBatch", () => push().sendBatch([{ to: "r", data: "x" }], { signal })],
  ["validate", () => push().validate({ to: "r", data: "x" }, { signal })],
  ["webhooks.create", () => push().webhooks.create({ url: "https://example.com" }, { signal })],
  ["webhooks.list", () => push().webhooks.list({ signal })],
  ["webhooks.get", () => push().webhooks.get("w", { signal })],
  ["webhooks.change", () => push().webhooks.change("w", { url: "https://x.test" }, { signal })],
  ["webhooks.delete", () => push().webhooks.delete("w", { signal })],
  ["webhooks.rotate", () => push().webhooks.rotate("w", { signal })],
  ["webhooks.test", () => push().webhooks.test("w", { signal })],
  ["webhooks.deadLetterPage", () => push().webhooks.deadLetterPage("w", {}, { signal })],
  ["webhooks.deadLetters", () => drain(push().webhooks.deadLetters("w", { signal }))],
  ["webhooks.replay", () => push().webhooks.replay("w", { signal })],
  ["registrations.page", () => push().registrations.page(undefined, { signal })],
  ["registrations.list", () => drain(push().registrations.list({ signal }))],
  ["registrations.remove", () => push().registrations.remove("r", { signal })],
  ["registrations.ban", () => push().registrations.ban("r", 60, { signal })],
  ["registrations.liftBan", () => push().registrations.liftBan("r", { signal })],
  ["encryption.key", () => push().encryption.key("r", { signal })],
  ["admin.createApp", () => admin().createApp("a", { signal })],
  ["admin.apps", () => admin().apps({ signal })],
  ["admin.app", () => admin().app("a", { signal })],
  ["admin.policy", () => admin().policy("a", { signal })],
  ["admin.setPolicy", () => admin().setPolicy("a", {}, { signal })],
  ["admin.setQuota", () => admin().setQuota("a", null, { signal })],
  ["admin.deleteApp", () => admin().deleteApp("a", { signal })],
  ["admin.createKey", () => admin().createKey("a", {}, { signal })],
  ["admin.forgetRevokedGrants", () => admin().forgetRevokedGrants("a", { signal })],
  ["admin.revokeKey", () => admin().revokeKey("a", "k", { signal })],
  ["admin.credentials", () => admin().credentials({ signal })],
  ["admin.revokeCredential", () => admin().revokeCredential("c", { signal })],
  ["admin.auditLog", () => admin().auditLog({}, { signal })],
])("E7 %s ends with its signal, without a request", async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: "aborted" });
});

test("E7 timeoutMs limits an attempt", async () => {
  const host = {
    fetch: (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const options = { ...OPTIONS, timeoutMs: 100, attempts: 1, host };
  await expect(new PushServer(options).status("m.r")).rejects.toMatchObject({
    code: "network_failed",
    message: expect.stringContaining("no answer in 100 ms"),
  });
});

test("E7 timeoutMs counts beside the time for which the mesh waits for the device", async () => {
  const body = { id: "m.r", status: "recalled", tookMs: 300 };
  const host = {
    fetch: (_: string, { signal }: RequestInit) =>
      new Promise<Response>((resolve, reject) => {
        setTimeout(() => resolve(Response.json(body)), 300);
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const server = new PushServer({ ...OPTIONS, timeoutMs: 100, attempts: 1, host });
  expect(await server.recall("m.r")).toEqual(body);
  await expect(server.recall("m.r", { wait: 0 })).rejects.toMatchObject({ code: "network_failed" });
});

test("E8 the log has each attempt and retry, and no payload, name, regId or key", async () => {
  const entries: LogEntry[] = [];
  const answers = [answer(503, FULL), answer(200, { id: "m.secret", status: "queued" })];
  const host = {
    fetch: () => answers.shift()?.() ?? Promise.reject(new Error("no more")),
    random: () => 0,
    sleep: async () => {},
  };
  const log = (entry: LogEntry) => void entries.push(entry);
  const server = new PushServer({ ...OPTIONS, host, log, attempts: 2 });
  await server.send({ to: "secret", data: "secret" });
  await expect(server.registration("secret")).rejects.toMatchObject({ code: "network_failed" });
  const about = { method: "POST", route: "/v1/messages", ms: expect.any(Number) };
  const asked = { method: "GET", route: "/v1/registrations", ms: expect.any(Number) };
  const lost = { code: "network_failed", status: undefined };
  expect(entries).toEqual([
    {
      level: "warn",
      event: "retry",
      ...about,
      attempt: 1,
      code: "overloaded",
      status: 503,
      pauseMs: 0,
    },
    { level: "debug", event: "call", ...about, attempt: 2 },
    { level: "warn", event: "retry", ...asked, attempt: 1, ...lost, pauseMs: 0 },
    { level: "error", event: "failed", ...asked, attempt: 2, ...lost },
  ]);
  expect(JSON.stringify(entries)).not.toContain("secret");
});

describe("arguments of another type", () => {
  const host = { fetch: () => Promise.reject(new Error("nothing is to be sent")) };
  const server = new PushServer({ ...OPTIONS, host });
  const admin = new MeshAdmin({ url: ENV.PUSHMESH_URL, token: "x".repeat(20), host });
  const { tags, aliases, registrations, encryption } = server;
  const groups = { server, tags, aliases, registrations, encryption, admin };
  /** `seal` is not for callers of the SDK. */
  const methodsOf = (group: object): readonly string[] =>
    Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(group))).flatMap(
      ([name, { value }]) =>
        typeof value === "function" && !["constructor", "seal"].includes(name) ? [name] : [],
    );
  const call = async (group: object, name: string, ...given: readonly unknown[]) => {
    const answer = (group as Record<string, (...given: unknown[]) => unknown>)[name]?.(...given);
    return Symbol.asyncIterator in Object(answer)
      ? (answer as AsyncGenerator<unknown>).next()
      : answer;
  };
  const all = Object.entries(groups).flatMap(([of, group]) =>
    methodsOf(group).map((name) => [`${of}.${name}`, group, name] as const),
  );

  test.each(all)(
    "E9 %s refuses them before anything is sent, and names the argument",
    async (...at) => {
      const [path, group, name] = at;
      const error = {
        code: "option_invalid",
        message: expect.stringMatching(/^\w+: must be .+, and is (null|of type \w+)$|^seconds: /),
      };
      await expect(call(group, name, null, null, null), path).rejects.toMatchObject(error);
      await expect(call(group, name, 7, true, 7), path).rejects.toMatchObject(error);
    },
  );

  test.each<[string, object, string, unknown[], string]>([
    ["no message", server, "send", [], "message: must be an object, and is missing"],
    [
      "a text as message",
      server,
      "broadcast",
      ["x"],
      "message: must be an object, and is of type string",
    ],
    ["no options", server, "status", ["m.r", null], "options: must be an object, and is null"],
    ["an empty ID", server, "status", [""], "id: must be a text that is not empty, and is empty"],
    [
      "a regId that is none",
      tags,
      "add",
      ["news", [7]],
      "regIds: must be a regId, or a list of them",
    ],
    ["no signal", server, "status", ["m.r", { signal: 5_000 }], "signal: must be an AbortSignal"],
    [
      "no quota",
      admin,
      "setQuota",
      ["app"],
      "quota: must be an object, or null for none, and is missing",
    ],
  ])("E9 %s is refused", async (_, group, name, given, message) => {
    await expect(call(group, name, ...given)).rejects.toMatchObject({
      code: "option_invalid",
      message: expect.stringContaining(message),
    });
  });
});
