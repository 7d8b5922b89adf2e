/** Tabs of one storage against a scripted mesh, with the Web Locks and BroadcastChannels of Node: what they share, and who leads. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { ContentType } from "../../../../schema/generated/link.ts";
import { webPushEncryption } from "../../../../sdk/device/encryption/mod.ts";
import { type ConnectOptions, memoryStorage, type Storage } from "../../../../sdk/device/mod.ts";
import { leaderName, pipeName, tabOfLock } from "../../../../sdk/device/shared/names.ts";
import { dataFor } from "../../encryption/sender.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh, gate, start, statesOf } from "../fake/mesh.ts";
import { sharing } from "../fake/shared.ts";

let mesh: FakeMesh;
let storage: Storage;
const opened: { close(): Promise<void> }[] = [];

beforeEach(() => {
  mesh = new FakeMesh();
  storage = memoryStorage();
});
afterEach(async () => {
  const closed = Promise.all(opened.splice(0).map((one) => one.close()));
  // A tab whose leader has just gone waits for no answer of the next.
  await settle();
  await mesh.clock.advance(1_000);
  await closed;
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

/** A tab that notes what it gets; `fails` handlers throw first. */
async function tab(options: Partial<ConnectOptions> = {}, listens = true) {
  const device = await start(mesh, { ...options, storage: sharing(storage) });
  opened.push(device.client);
  const got: unknown[] = [];
  const handler = { before: async (_data: unknown): Promise<void> => {} };
  const listen = () =>
    device.client.onMessage(async ({ data }) => {
      await handler.before(data);
      got.push(data);
    });
  if (listens) listen();
  return { ...device, got, handler, listen };
}

const attached = () => until(() => mesh.socket.attached.size > 0, "the attach");
const openSockets = () => mesh.sockets.filter(({ closedBy }) => closedBy === undefined);
/** Real time passes between tabs; the clock of the mesh moves only for what waits for it. */
const acked = (seq: number) =>
  until(() => mesh.sockets.some(({ acks }) => acks.some((ack) => ack.seq >= seq)), "the ack");

test("W1 P1.9 tabs that start at once are one device with one link and one regId, and none is replaced", async () => {
  const tabs = await Promise.all(Array.from({ length: 5 }, () => tab()));
  const regIds = await Promise.all(tabs.map(({ client }) => client.register()));
  expect(new Set(regIds).size).toBe(1);
  await until(() => tabs.every(({ client }) => client.state === "connected"), "the link");
  expect(mesh.devices).toBe(1);
  expect(mesh.sockets).toHaveLength(1);
  expect(tabs.flatMap(statesOf).filter((state) => /closed|replaced/.test(state))).toEqual([]);
  expect(tabs.map(({ client }) => client.regId)).toEqual(regIds);
});

test.each([
  ["url", { url: "https://other.test" }, { url: ["https://third.test", "https://push.test"] }],
  ["identifiers", { identifiers: ["another"] }, {}],
] as const)(
  "W7 a tab with another %s fails with an error that names it, and the others go on",
  async (name, other, same) => {
    const one = await tab();
    await one.client.register();
    await attached();
    const failure = await tab(other).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "option_invalid", retry: "never" });
    expect(String(failure)).toContain(`${name}: `);
    const two = await tab(same);
    await two.client.register();
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await acked(message.seq);
    expect([one.got, two.got]).toEqual([["a"], ["a"]]);
    expect([one.errors, two.errors, openSockets().length]).toEqual([[], [], 1]);
  },
);

test("W2 P2.1 P3.1 each tab has each message once and in order, and it is acknowledged when all have handled it", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  await attached();
  const { open, opened: done } = gate();
  two.handler.before = () => done;
  const messages = ["a", "b", "c"].map((text) => mesh.message(text));
  mesh.socket.deliver(...messages);
  await until(() => one.got.length === 1, "the first message");
  await settle();
  expect([one.got, two.got, mesh.socket.acks]).toEqual([["a"], [], []]);
  open();
  await acked(messages[2]?.seq ?? 0);
  expect([one.got, two.got]).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
});

test("W2 a tab whose handler runs long is alive: it is waited for", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  await attached();
  const { open, opened: done } = gate();
  // That of the leader itself: between it and its engine, no real time passes.
  one.handler.before = () => done;
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await until(() => two.got.length === 1, "the message");
  for (let i = 0; i < 20; i++) await mesh.clock.advance(1_000);
  expect([one.got, mesh.socket.acks]).toEqual([[], []]);
  open();
  await acked(message.seq);
  expect(one.got).toEqual(["a"]);
});

test("W2 P1.1 a tab whose handler throws is given the message again, and the others are not", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  await attached();
  let failures = 2;
  two.handler.before = async () => {
    if (failures-- > 0) throw new Error("not yet");
  };
  const message = mesh.message("a");
  mesh.socket.deliver(message, mesh.message("b"));
  await until(() => one.errors.length === 1 && two.errors.length === 1, "the error");
  expect(one.errors).toMatchObject([{ code: "handler_failed", retryAfterMs: 1_000 }]);
  await mesh.clock.advance(1_000);
  await until(() => two.errors.length === 2, "the second error");
  expect(one.got).toEqual(["a"]);
  await mesh.clock.advance(2_000);
  await until(() => two.got.length === 2, "the messages");
  expect([one.got, two.got]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

/** What has no text, and what throws at whatever it is asked. */
const nameless = (): unknown[] => {
  const refuse = () => {
    throw new Error("asked");
  };
  const traps = { has: refuse, get: refuse, getPrototypeOf: refuse };
  return [Object.create(null, { f: { value: refuse, enumerable: true } }), new Proxy({}, traps)];
};

test("W2 P1.1 what a handler throws need have no text: the message comes again", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  await attached();
  const thrown = nameless();
  two.handler.before = async () => {
    if (thrown.length > 0) throw thrown.pop();
  };
  mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
  for (const [failures, waitMs] of [1_000, 2_000].entries()) {
    await until(() => two.errors.length === failures + 1, "the error");
    await mesh.clock.advance(waitMs);
  }
  await until(() => two.got.length === 2, "the messages");
  expect(two.errors).toMatchObject([{ cause: "unknown" }, { cause: "unknown" }]);
  expect([one.got, two.got]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("W6 what a grant callback throws need have no text: it is called again", async () => {
  const thrown = nameless();
  const one = await tab({
    grant: () => {
      if (thrown.length > 0) throw thrown.pop();
      return "a.e30.c";
    },
  });
  const registering = one.client.register();
  for (const failures of [1, 2]) {
    await until(() => one.errors.length === failures, "the error");
    await mesh.clock.advance(4_000);
  }
  expect(await registering).toMatch(/^reg-/);
  expect(one.errors.map(({ message }) => message)).toEqual(Array(2).fill("No grant: unknown"));
});

test("W1 what others post on the channels is no message, and does nothing", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  await attached();
  const name = sharing(storage).shared?.name ?? "";
  const { held = [] } = await navigator.locks.query();
  const ids = held.flatMap((lock) => tabOfLock(name, lock.name)?.id ?? []);
  expect(ids).toHaveLength(2);
  for (const channelName of [leaderName(name), ...ids.map((id) => pipeName(name, id))]) {
    const channel = new BroadcastChannel(channelName);
    for (const data of [null, undefined, 1, "hello", {}]) channel.postMessage(data);
    channel.close();
  }
  // A TypeError that nobody catches fails the run.
  mesh.socket.deliver(mesh.message("a"));
  await until(() => one.got.length + two.got.length === 2, "the message");
});

test("W3 P1.7 the next tab takes over from one that is closed, without loss and without a repeat", async () => {
  const [one, two, three] = [await tab(), await tab(), await tab()];
  const regId = await one.client.register();
  await attached();
  const { open, opened: done } = gate();
  three.handler.before = () => done;
  const first = mesh.message("a");
  mesh.socket.deliver(first);
  await until(() => one.got.length + two.got.length === 2, "the message");
  await one.client.close();
  const socket = await mesh.link(2);
  await attached();
  socket.deliver(first, mesh.message("b"));
  await settle();
  open();
  await acked(first.seq + 1);
  expect([one.got, two.got, three.got]).toEqual([["a"], ["a", "b"], ["a", "b"]]);
  expect(openSockets()).toHaveLength(1);
  expect([two.client.regId, three.client.regId]).toEqual([regId, regId]);
  expect([two, three].flatMap(statesOf).join()).not.toMatch(/closed|replaced/);
});

test("W3 a tab whose leader is gone has its command done by the next", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  mesh.auto = false;
  const alias = two.client.setAlias("b");
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "setAlias"), "the command");
  await one.client.close();
  mesh.auto = true;
  await alias;
  expect(mesh.sockets).toHaveLength(2);
  expect(mesh.held(0).aliases).toEqual(new Set(["b"]));
});

test("W4 a tab takes the place of a leader that gives no sign of life for 3 s", async () => {
  const { shared } = sharing(storage);
  const asleep = Promise.withResolvers<void>();
  let isStolen = false;
  await new Promise<void>((held) => {
    navigator.locks
      .request(leaderName(shared?.name ?? ""), () => {
        held();
        return asleep.promise;
      })
      .catch(() => {
        isStolen = true;
      });
  });
  const opening = tab();
  await settle();
  await mesh.clock.advance(2_999);
  expect(mesh.sockets).toEqual([]);
  await mesh.clock.advance(1_000);
  const { client } = await opening;
  await client.register();
  expect(isStolen).toBe(true);
});

test("W4 a leader whose place was taken stops, writes nothing more, and follows", async () => {
  const one = await tab();
  await one.client.register();
  await attached();
  const { open, opened: done } = gate();
  one.handler.before = () => done;
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await settle();
  const term = await sharing(storage).shared?.take();
  await navigator.locks.request(
    leaderName(sharing(storage).shared?.name ?? ""),
    { steal: true },
    async () => {
      open();
      await until(() => one.got.length === 1, "the end of the handler");
      await settle();
      expect(mesh.sockets[0]?.acks).toEqual([]);
      expect(await storage.get(`app/${APP}/window/0`)).toBeUndefined();
      expect(await term?.isCurrent()).toBe(true);
    },
  );
  // Its turn comes again.
  await mesh.link(2);
  await attached();
  mesh.socket.deliver(message);
  await acked(message.seq);
  expect(one.got).toEqual(["a"]);
  expect(statesOf(one).join()).not.toMatch(/closed|replaced/);
});

test("W5 a tab that listens alone gets the messages, and without any they wait in the mesh", async () => {
  const [one, two] = [await tab({}, false), await tab({}, false)];
  await one.client.register();
  await settle();
  expect(mesh.socket.attached.size).toBe(0);
  const stop = two.listen();
  await attached();
  mesh.socket.deliver(mesh.message("a"));
  await until(() => two.got.length === 1, "the message");
  stop();
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "detach"), "the detach");
  expect(one.got).toEqual([]);
});

test("W5 a call that is aborted, and the close of a tab, concern that tab alone", async () => {
  const [one, two] = [await tab(), await tab()];
  await one.client.register();
  mesh.auto = false;
  const abort = new AbortController();
  const aborted = two.client.setAlias("a", { signal: abort.signal });
  const other = one.client.setAlias("b");
  await settle();
  abort.abort(new Error("no more"));
  await expect(aborted).rejects.toThrow("no more");
  const closed = { code: "client_closed" };
  const waiting = expect(two.client.subscribe("t")).rejects.toMatchObject(closed);
  await two.client.close();
  await waiting;
  expect([one.client.state, two.client.state]).toEqual(["connected", "closed"]);
  const ended = expect(other).rejects.toMatchObject(closed);
  await one.client.close();
  await ended;
});

test("W5 S22 a sign-out in one tab holds for all, and so does the next registration", async () => {
  const [one, two] = [await tab(), await tab()];
  const regId = await one.client.register();
  await until(() => two.client.regId === regId, "the regId");
  await two.client.signOut();
  expect(two.client.regId).toBeUndefined();
  await until(() => one.client.regId === undefined, "the end");
  await until(() => mesh.registrations.length === 0, "the end in the mesh");
  const next = await one.client.register();
  await until(() => two.client.regId === next, "the next regId");
  expect(two.regIds.at(-1)).toBe(next);
});

test("W5 several apps of an origin share the link of one tab", async () => {
  const [one, two] = [await tab(), await tab({ appId: "B".repeat(22) })];
  await Promise.all([one.client.register(), two.client.register()]);
  await until(() => mesh.socket.attached.size === 2, "both");
  expect(mesh.sockets).toHaveLength(1);
  for (const { appId, slot } of mesh.registrations)
    mesh.socket.deliver(mesh.message(appId, { slot }));
  await until(() => one.got.length + two.got.length === 2, "the messages");
  expect([one.got, two.got]).toEqual([[APP], ["B".repeat(22)]]);
});

test("W6 a grant comes from another tab if the one that was asked is gone", async () => {
  const asked: string[] = [];
  const never = await tab({
    grant: () => {
      asked.push("one");
      return new Promise(() => {});
    },
  });
  const registering = never.client.register().catch(({ code }) => code);
  await until(() => asked.length === 1, "the question");
  const other = await tab({
    grant: () => {
      asked.push("two");
      return "a.e30.c";
    },
  });
  await never.client.close();
  expect(await registering).toBe("client_closed");
  expect(await other.client.register()).toMatch(/^reg-/);
  // It may be asked for both: before the register of the tab that is gone is taken back, and for its own.
  expect([...new Set(asked)]).toEqual(["one", "two"]);
});

test("W6 an encrypted message is opened by the code of a tab, and all tabs have it", async () => {
  const options = { publish: false, required: true };
  const encryptions = [webPushEncryption(options), webPushEncryption(options)] as const;
  const one = await tab({ encryption: encryptions[0] });
  const two = await tab({ encryption: encryptions[1] });
  await two.client.register();
  await attached();
  const key = await encryptions[0].key();
  expect(await encryptions[1].key()).toEqual(key);
  const plain = mesh.message("plain");
  const data = await dataFor(key, "secret");
  mesh.socket.deliver(plain, mesh.message("", { contentType: ContentType.JSON, data }));
  await until(() => one.got.length + two.got.length === 2, "the message");
  expect([one.got, two.got]).toEqual([["secret"], ["secret"]]);
  for (const { errors } of [one, two])
    expect(errors.map(({ code }) => code)).toEqual(["decrypt_failed"]);
});
