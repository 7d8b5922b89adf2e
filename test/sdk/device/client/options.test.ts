/** Options of the device SDK, checked when they are given; signals; and what it logs. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConnectOptions, LogEntry, PushClient } from "../../../../sdk/device/mod.ts";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

it.each<[string, object, string]>([
  ["a misspelt option", { shcema: {} }, "shcema: unknown option; did you mean schema?"],
  [
    "an option with a letter too few",
    { identifier: [] },
    "identifier: unknown option; did you mean id",
  ],
  ["identifiers that are none", { identifiers: "imei" }, "identifiers: must be up to 8 texts"],
  [
    "a grant that is no function",
    { grant: "eyJ" },
    "grant: must be a function, and is of type string",
  ],
  ["a schema that is none", { schema: { parse() {} } }, "schema: must be a Standard Schema"],
  [
    "an encryption that is a class",
    { encryption: class {} },
    "encryption: must be an object with open,",
  ],
  ["a host in part", { host: { fetch } }, "host: must be an object with openSocket,"],
  ["sealed as a text", { sealed: "no" }, "sealed: must be true or false"],
  ["a controller as a signal", { signal: new AbortController() }, "signal: must be an AbortSignal"],
  ["a log that is a logger", { log: console }, "log: must be a function"],
])("E9 %s is refused by name when connect is called", async (_, options, message) => {
  const connecting = start(mesh, options as Partial<ConnectOptions>);
  await expect(connecting).rejects.toMatchObject({
    code: "option_invalid",
    message: expect.stringContaining(message),
  });
  expect(mesh.requests).toEqual([]);
});

it("E9 an option that is undefined is not given, and other names are ignored", async () => {
  const others = { toString: () => "", theme: "dark", tag: "news" };
  const undefineds = { grant: undefined, schema: undefined, signal: undefined };
  const { client } = await start(mesh, { ...undefineds, ...others });
  await client.close();
});

it.each<[string, (push: PushClient) => unknown, string]>([
  ["once", (push) => push.once({ filter: "news" } as object), "filter: must be a function"],
  ["once", (push) => push.once({ fliter: () => true } as object), "did you mean filter?"],
  ["messages", (push) => push.messages({ signal: 1_000 } as object), "signal: must be an Abort"],
  ["register", (push) => push.register({ renewed: true } as object), "did you mean renew?"],
  ["setAlias", (push) => push.setAlias("me", { share: true } as object), "did you mean shared?"],
  ["subscribe", (push) => push.subscribe(undefined as never), "tags: must be a text, or a"],
  ["subscribe", (push) => push.subscribe(["a", 5] as never), "tags: must be a text, or a list"],
  ["setAlias", (push) => push.setAlias(5 as never), "alias: of a wrong type, or too long"],
  ["once", (push) => push.once(5 as never), "options: must be an object"],
  ["messages", (push) => push.messages(null as never), "options: must be an object"],
  ["register", (push) => push.register("now" as never), "options: must be an object"],
  ["onState", (push) => push.onState(undefined as never), "listener: must be a function"],
  ["onRegId", (push) => push.onRegId(5 as never), "listener: must be a function"],
  ["ping", (push) => push.ping({ signals: null } as object), "did you mean signal?"],
  ["onMessage", (push) => push.onMessage({} as never), "onMessage: must be given a function"],
])("E9 %s refuses an option that is not valid, %#", async (_, call, message) => {
  const { client } = await start(mesh);
  await client.register();
  await expect((async () => call(client))()).rejects.toMatchObject({
    code: "option_invalid",
    message: expect.stringContaining(message),
  });
  await client.close();
});

describe("signals", () => {
  it("E7 connect ends with the reason, and closes what comes late", async () => {
    const storage = memoryStorage();
    const read = Promise.withResolvers<void>();
    const slow = {
      ...storage,
      get: async (key: string) => read.promise.then(() => storage.get(key)),
    };
    const abort = new AbortController();
    const connecting = start(mesh, { storage: slow, signal: abort.signal });
    await settle();
    abort.abort(new Error("enough"));
    await expect(connecting).rejects.toThrow("enough");
    read.resolve();
    await until(() => mesh.online === undefined, "the end of what came late");
    await expect(start(mesh, { signal: abort.signal })).rejects.toThrow("enough");
  });

  it("E7 ping and signOut end with the reason; the registration ends all the same", async () => {
    const { client } = await start(mesh);
    await client.register();
    await until(() => client.state === "connected", "the link");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(client.ping({ signal })).rejects.toThrow("enough");
    const abort = new AbortController();
    const ending = client.signOut({ signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(ending).rejects.toThrow("enough");
    await until(() => client.regId === undefined, "the end of the registration");
    await client.close();
  });
});

it("E8 the log has each event, and no payload, tag, regId, key or text of an error", async () => {
  const entries: LogEntry[] = [];
  const { client } = await start(mesh, { log: (entry) => void entries.push(entry) });
  let isBroken = true;
  client.onMessage(() => {
    if (isBroken) throw new Error("a secret of the handler");
  });
  const regId = await client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const [message, broadcast] = [mesh.message("a secret text"), mesh.broadcast("another")];
  mesh.socket.deliver(message);
  await until(() => entries.some(({ event }) => event === "error"), "the error");
  isBroken = false;
  await mesh.clock.advance(1_000);
  mesh.socket.broadcast(broadcast);
  await until(() => entries.filter(({ event }) => event === "handled").length === 2, "both");
  mesh.socket.end(1006);
  await until(() => client.state === "waiting", "the wait");
  await client.close();
  const events = entries.map(({ level, event, state }) => [level, event, state].join(" ").trim());
  expect(events).toEqual([
    ...["info state connecting", "info state connected", "info regId"],
    ...["debug message", "warn error", "debug message", "debug handled"],
    ...["debug message", "debug handled", "warn state waiting", "info state closed"],
  ]);
  expect(entries).toContainEqual({
    ...{ level: "warn", event: "error", code: "handler_failed", attempt: 1 },
    ...{ messageId: expect.any(String), retryAfterMs: 1_000 },
  });
  // A message ID ends with the regId.
  const texts = JSON.stringify(entries.map(({ messageId: _, ...rest }) => rest));
  for (const secret of ["secret", "another", "tag-", regId]) expect(texts).not.toContain(secret);
  expect(mesh.reported).toMatchObject([]);
});

it("E8 a log that throws is reported, and stops nothing", async () => {
  const failure = new Error("disk full");
  const { client } = await start(mesh, {
    log: () => {
      throw failure;
    },
  });
  await client.register();
  await client.close();
  expect(mesh.reported.length).toBeGreaterThan(2);
  expect(new Set(mesh.reported)).toEqual(new Set([failure]));
});
