/** The device SDK against a scripted mesh: tags, aliases, attributes. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode } from "../../../schema/errors.ts";
import type { PushClient } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, listening, start } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const COMMANDS: Readonly<Record<string, (client: PushClient) => Promise<unknown>>> = {
  subscribe: (client) => client.subscribe("a"),
  unsubscribe: (client) => client.unsubscribe("a"),
  setAlias: (client) => client.setAlias("a"),
  removeAlias: (client) => client.removeAlias("a"),
  setAttributes: (client) => client.setAttributes({}),
  describe: (client) => client.describe(),
};
const NAMES = Object.keys(COMMANDS);
const call = (name: string, client: PushClient): Promise<unknown> =>
  COMMANDS[name]?.(client) ?? Promise.reject(new Error(`no ${name}`));

/** The last command on the newest socket, and its number. */
function lastCommand() {
  const frame = mesh.socket.frames.at(-1);
  if (frame === undefined || typeof frame.value !== "object" || !("request" in frame.value)) {
    throw new Error("no command");
  }
  const { request } = frame.value;
  if (request === undefined) throw new Error("no command");
  return { ...frame.value, request };
}

function refuse(code: ErrorCode, retryAfterMs?: number): void {
  const { number, title } = ERRORS[code];
  const { request } = lastCommand();
  const value = { code: number, name: code, message: title, request };
  mesh.socket.push({
    kind: "refusal",
    value: retryAfterMs === undefined ? value : { ...value, retryAfterMs },
  });
}

describe("tags and aliases", () => {
  it("are set, taken away and told, one name or several", async () => {
    const { client } = await listening(mesh);
    await client.subscribe("one");
    await client.subscribe(["two", "three", "two"]);
    await client.unsubscribe(["one", "never"]);
    await client.setAlias("user-17");
    await client.setAlias("team", { shared: true });
    await client.removeAlias("user-17");
    const described = await client.describe();
    expect(described).toEqual({ tags: ["two", "three"], aliases: ["team"] });
    const frames = mesh.socket.frames.map(({ kind, value }) => ({ kind, value }));
    expect(frames).toContainEqual({
      kind: "setAlias",
      value: { request: 6, slot: 0, alias: "team", held: true, shared: true },
    });
    await client.subscribe([]);
    expect(mesh.socket.frames).toHaveLength(frames.length);
    await client.close();
  });

  it("of more than one command's number go in several, one after another", async () => {
    const { client } = await listening(mesh);
    const names = Array.from({ length: 250 }, (_, i) => `tag-${i}`);
    await client.subscribe(names);
    expect([...mesh.held(0).tags]).toEqual(names);
    const sizes = mesh.socket.frames.flatMap((frame) =>
      frame.kind === "subscribe" ? [frame.value.add.length] : [],
    );
    expect(sizes).toEqual([100, 100, 50]);
    await client.close();
  });

  it("of which a command was refused: the ones behind it are not asked for", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    const refused = client.subscribe(Array.from({ length: 150 }, (_, i) => `tag-${i}`));
    await until(() => mesh.socket.frames.at(-1)?.kind === "subscribe", "the command");
    refuse("too_many_tags");
    await expect(refused).rejects.toMatchObject({ code: "too_many_tags", retry: "never" });
    await settle();
    expect(mesh.socket.frames.filter(({ kind }) => kind === "subscribe")).toHaveLength(1);
    await client.close();
  });

  it("are told whole where the link was lost in the middle of the telling", async () => {
    const { client } = await listening(mesh);
    await client.subscribe(["one", "two"]);
    mesh.auto = false;
    const described = client.describe();
    await until(() => mesh.socket.frames.at(-1)?.kind === "describe", "the command");
    const { request } = lastCommand();
    const part = { request, tags: ["one"], aliases: [], more: true };
    mesh.socket.push({ kind: "described", value: part });
    mesh.socket.end(1006);
    await settle();
    mesh.auto = true;
    await mesh.clock.advance(1_000);
    expect(await described).toEqual({ tags: ["one", "two"], aliases: [] });
    await client.close();
  });

  it("that another registration took are told of", async () => {
    const { client } = await listening(mesh);
    const lost: string[] = [];
    const stop = client.onAliasLost((alias) => lost.push(alias));
    mesh.socket.push({ kind: "aliasLost", value: { slot: 0, alias: "user-17" } });
    mesh.socket.push({ kind: "aliasLost", value: { slot: 5, alias: "of nobody" } });
    await settle();
    stop();
    mesh.socket.push({ kind: "aliasLost", value: { slot: 0, alias: "later" } });
    await settle();
    expect(lost).toEqual(["user-17"]);
    await client.close();
  });
});

it("attributes are reported whole, and what is not given is not sent", async () => {
  const { client } = await listening(mesh);
  await client.setAttributes({
    platform: "web",
    locale: "de-CH",
    custom: { plan: "pro", age: "3" },
  });
  await client.setAttributes({});
  const reports = mesh.socket.frames.flatMap((frame) =>
    frame.kind === "report" ? [frame.value] : [],
  );
  expect(reports).toEqual([
    {
      request: 2,
      slot: 0,
      platform: "web",
      locale: "de-CH",
      attributes: [
        { name: "plan", value: "pro" },
        { name: "age", value: "3" },
      ],
    },
    { request: 3, slot: 0, attributes: [] },
  ]);
  await client.close();
});

describe.each(NAMES)("%s", (name) => {
  it("needs a registration", async () => {
    const { client } = await start(mesh);
    await expect(call(name, client)).rejects.toMatchObject({
      code: "not_registered",
      retry: "never",
    });
    // Asked for behind a register, it has one.
    const registered = client.register();
    await call(name, client);
    await registered;
    await client.close();
  });

  it("waits for a network, and asks again on the next link when one is lost before the answer", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    const asked = call(name, client);
    const first = mesh.socket;
    const before = first.frames.length;
    await until(() => first.frames.length > before, "the command");
    first.end(1006);
    await settle();
    mesh.auto = true;
    await mesh.clock.advance(1_000);
    await asked;
    await client.close();
  });

  it("passes a refusal on, and waits where the mesh says so", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    const asked = call(name, client);
    const before = mesh.socket.frames.length;
    await until(() => mesh.socket.frames.length > before, "the command");
    refuse("overloaded", 700);
    // And half of the first window.
    await mesh.clock.advance(1_199);
    expect(mesh.socket.frames).toHaveLength(before + 1);
    await mesh.clock.advance(1);
    expect(mesh.socket.frames).toHaveLength(before + 2);
    refuse("command_invalid");
    await expect(asked).rejects.toMatchObject({ code: "command_invalid" });
    await client.close();
    await expect(call(name, client)).rejects.toMatchObject({ code: "client_closed" });
  });

  it("ends its wait by a signal", async () => {
    mesh.auto = false;
    const { client } = await start(mesh);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const asked: Readonly<Record<string, () => Promise<unknown>>> = {
      subscribe: () => client.subscribe("a", { signal }),
      unsubscribe: () => client.unsubscribe("a", { signal }),
      setAlias: () => client.setAlias("a", { signal }),
      removeAlias: () => client.removeAlias("a", { signal }),
      setAttributes: () => client.setAttributes({}, { signal }),
      describe: () => client.describe({ signal }),
    };
    await expect(asked[name]?.()).rejects.toBe(reason);
    await client.close();
  });
});

describe("a call that is aborted in the turn it was made in sends nothing, though the link stands", () => {
  type Call = (client: PushClient, options: { signal: AbortSignal }) => Promise<unknown>;
  it.each<[string, Call]>([
    ["unregister", (client, options) => client.unregister(options)],
    ["subscribe", (client, options) => client.subscribe("a", options)],
    ["unsubscribe", (client, options) => client.unsubscribe("a", options)],
    ["setAlias", (client, options) => client.setAlias("a", options)],
    ["removeAlias", (client, options) => client.removeAlias("a", options)],
    ["setAttributes", (client, options) => client.setAttributes({ locale: "de" }, options)],
    ["describe", (client, options) => client.describe(options)],
  ])("%s", async (_, call) => {
    const { client } = await listening(mesh);
    const { regId } = client;
    const before = mesh.socket.frames.length;
    const abort = new AbortController();
    const called = call(client, { signal: abort.signal });
    abort.abort("enough");
    // Asked for in the same turn, before and behind: in this order, and by itself.
    const kept = client.subscribe("kept");
    await expect(called).rejects.toBe("enough");
    await kept;
    const sent = mesh.socket.frames.slice(before).map(({ kind }) => kind);
    expect(sent.filter((kind) => !["attach", "detach"].includes(kind))).toEqual(["subscribe"]);
    expect([...mesh.held(0).tags]).toEqual(["kept"]);
    expect(client.regId).toBe(regId);
    await client.close();
  });

  it("register", async () => {
    const { client } = await start(mesh);
    await until(() => client.state === "connected", "the link");
    const abort = new AbortController();
    const called = client.register({ signal: abort.signal });
    abort.abort("enough");
    await expect(called).rejects.toBe("enough");
    await settle();
    expect(mesh.registrations).toHaveLength(0);
    await client.close();
  });
});

describe("a command that is refused for a while", () => {
  const subscribes = () => mesh.socket.frames.filter(({ kind }) => kind === "subscribe");

  it("P8.1 is tried again in a window that doubles up to a minute, and not before the mesh says", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    void client.subscribe("a").catch(() => {});
    await until(() => subscribes().length === 1, "the command");
    const waits: number[] = [];
    for (let n = 1; n <= 8; n++) {
      // The ends of each window, in turn.
      mesh.random = n % 2 === 0 ? 0 : 0.999_999;
      refuse("overloaded", 1_000);
      await settle();
      let waited = 0;
      for (; subscribes().length === n && waited < 70_000; waited += 500)
        await mesh.clock.advance(500);
      waits.push(waited);
    }
    expect(waits).toEqual([2_000, 1_000, 5_000, 1_000, 17_000, 1_000, 61_000, 1_000]);
    await client.close();
  });

  it("holds up those about the same names, and no others", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    const ended: string[] = [];
    const call = (name: string, asked: Promise<unknown>) =>
      void asked.then(
        () => ended.push(name),
        () => ended.push(`${name} failed`),
      );
    call("a, b", client.subscribe(["a", "b"]));
    await until(() => subscribes().length === 1, "the command");
    call("leave b", client.unsubscribe("b"));
    call("c", client.subscribe("c"));
    call("alias", client.setAlias("me"));
    call("attributes", client.setAttributes({ locale: "de" }));
    call("b, d", client.subscribe(["b", "d"]));
    // Behind one that waits itself.
    call("leave d", client.unsubscribe("d"));
    call("description", client.describe());
    call("alias later", client.setAlias("me too"));
    mesh.auto = true;
    refuse("overloaded", 1_000);
    await until(() => ended.length === 3, "the others");
    await settle();
    expect(ended).toEqual(["c", "alias", "attributes"]);
    await mesh.clock.advance(2_000);
    await until(() => ended.length === 9, "all");
    expect(ended.slice(3)).toEqual([
      "a, b",
      "leave b",
      "b, d",
      "leave d",
      "description",
      "alias later",
    ]);
    expect([...mesh.held(0).tags].sort()).toEqual(["a", "b", "c"]);
    await client.close();
  });

  it("lets the next one go at once when it is given up", async () => {
    const { client } = await listening(mesh);
    mesh.auto = false;
    const abort = new AbortController();
    const given = client.subscribe("a", { signal: abort.signal });
    await until(() => subscribes().length === 1, "the command");
    refuse("overloaded", 50_000);
    await settle();
    mesh.auto = true;
    const next = client.setAlias("me");
    await settle();
    abort.abort("enough");
    await expect(given).rejects.toBe("enough");
    await next;
    await client.close();
  });
});

it("P8 names that no frame can hold are refused here, and the link stays", async () => {
  const { client } = await listening(mesh);
  const error = { code: "frame_too_large", retry: "never" };
  await expect(client.subscribe("x".repeat(70_000))).rejects.toMatchObject(error);
  await expect(client.setAlias("x".repeat(65_536))).rejects.toMatchObject(error);
  await client.setAlias("fits");
  expect(mesh.sockets).toHaveLength(1);
  await client.close();
});
