/** A port of a shared push service that says what no client says, beside an app that must notice nothing. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  memoryStorage,
  openClient,
  type PushService,
  startService,
  type ToClient,
} from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh } from "../fake/mesh.ts";

const OTHER = "B".repeat(22);
let mesh: FakeMesh;
let service: PushService;

beforeEach(async () => {
  mesh = new FakeMesh();
  service = await startService({
    url: "https://push.test",
    storage: memoryStorage(),
    host: mesh.host,
  });
});

afterEach(() => {
  service.close();
  expect(mesh.violations).toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** A registered app that listens. */
async function victim() {
  const port = service.openPort();
  const client = await openClient({
    appId: APP,
    port,
    storage: memoryStorage(),
    host: mesh.host,
  });
  const got: unknown[] = [];
  client.onMessage(({ data }) => {
    got.push(data);
  });
  const errors: string[] = [];
  client.onError(({ code }) => errors.push(code));
  const regId = await client.register();
  const slot = mesh.register(APP).slot;
  await until(() => mesh.socket.attached.has(slot), "the attach");
  return { client, got, errors, regId, slot };
}

/** A port that says anything. */
function strange() {
  const port = service.openPort();
  const got: ToClient[] = [];
  port.onmessage = ({ data }) => {
    got.push(data);
  };
  const say = (...messages: unknown[]) => {
    for (const message of messages) port.postMessage(message as never);
  };
  /** The codes of the answers that failed, by request. */
  const failures = () =>
    got.flatMap((one) => (one.kind === "failed" ? [[one.request, one.error.code]] : []));
  return { say, got, failures };
}

const OPEN = { kind: "open", appId: OTHER, secret: "s", lastSeq: 0, cursors: [] };

/** A strange port whose app is registered and listens. It comes before the victim in every loop over the apps. */
async function registered() {
  const hostile = strange();
  hostile.say(OPEN, { kind: "listen", on: true }, { kind: "register", isHeld: false, request: 1 });
  await until(() => hostile.got.some(({ kind }) => kind === "done"), "its registration");
  await settle();
  hostile.got.length = 0;
  return { ...hostile, slot: mesh.register(OTHER).slot };
}

/** Begins the next link, as after a change of the network. */
async function relink() {
  const { length } = mesh.sockets;
  mesh.socket.end(1006);
  mesh.online?.();
  await mesh.link(length + 1);
  await settle();
}

let texts = 0;
/** A message reaches the app and is acknowledged. */
async function serves({ got, slot }: Awaited<ReturnType<typeof victim>>) {
  const text = `text ${++texts}`;
  const { length } = got;
  const { frames } = mesh.socket;
  const acks = () => frames.filter(({ kind }) => kind === "acks").length;
  const before = acks();
  mesh.socket.deliver(mesh.message(text, { slot }));
  await until(() => got.length > length && acks() > before, "the message and its acknowledgement");
  expect(got.at(-1)).toBe(text);
}

test.each([
  ["an array of its appId", { appId: [APP] }, "appId"],
  ["an array of arrays", { appId: [[APP]] }, "appId"],
  ["an object that reads as it", { appId: { toString: () => APP } }, "appId"],
  ["a secret that is an array", { secret: ["s"] }, "secret"],
  ["a lastSeq of text", { lastSeq: "abc" }, "lastSeq"],
  ["a lastSeq that is not a number", { lastSeq: Number.NaN }, "lastSeq"],
  ["no cursors", { cursors: undefined }, "cursors"],
  ["a cursor of text", { cursors: [{ slot: 0, tagRef: "x", position: "y" }] }, "tagRef"],
  ["a hole for a cursor", { cursors: new Array(1) }, "slot"],
])("S23 a port that opens an app with %s opens none", async (_, wrong, field) => {
  const own = await victim();
  const hostile = strange();
  const { length } = mesh.socket.frames;
  hostile.say({ ...OPEN, ...wrong }, { kind: "listen", on: true });
  hostile.say({ kind: "register", isHeld: false, request: 1 }, { kind: "describe", request: 2 });
  hostile.say({ kind: "unregister", request: 3 });
  await settle();
  const [first, ...rest] = hostile.got;
  const message = expect.stringMatching(new RegExp(`^${field}: of a wrong type`));
  expect(first).toMatchObject({ kind: "failed", error: { code: "option_invalid", message } });
  expect(rest.map(({ kind }) => kind)).toEqual(["failed", "failed", "failed"]);
  expect(mesh.socket.frames).toHaveLength(length);
  await relink();
  await serves(own);
  expect(mesh.sockets).toHaveLength(2);
  expect(hostile.got.map(({ kind }) => kind)).not.toContain("deliver");
});

const cursor = { slot: 0, tagRef: 7, position: 1 };
test.each<[string, ...unknown[]]>([
  ["nothing", null, undefined, 5, "open", [], {}],
  [
    "kinds that no client has",
    ...["acks", "attach", "constructor", "__proto__"].map((kind) => ({ kind })),
  ],
  ["a kind in an array", { kind: ["unregister"] }],
  ["a frame for a kind", { kind: "acks", length: 1, 0: { slot: 1, priority: 2, seq: 2 ** 50 } }],
  ["tags that are no lists", { kind: "subscribe", add: 5, remove: {} }],
  ["tags that are not text", { kind: "subscribe", add: [["a"]], remove: [] }],
  ["a hole for a tag", { kind: "subscribe", add: new Array(1), remove: [] }],
  ["more tags than a command takes", { kind: "subscribe", add: Array(101).fill("a"), remove: [] }],
  ["acknowledgements of text", { kind: "ack", link: 1, priority: "zz", seq: "q" }],
  ["a priority that there is not", { kind: "ack", link: 1, priority: 9, seq: 1 }],
  ["a discarded that is no number", { kind: "ack", link: 1, priority: 2, seq: 1, discarded: "1" }],
  ["cursors of text", { kind: "cursor", link: 1, cursor: { ...cursor, position: "y" } }],
  ["a tagRef beyond 32 bits", { kind: "cursor", link: 1, cursor: { ...cursor, tagRef: 2 ** 31 } }],
  ["an alias that is a number", { kind: "setAlias", alias: 5, held: true, shared: false }],
  ["attributes of numbers", { kind: "report", attributes: [{ name: "a", value: 1 }] }],
  ["upstream of text", { kind: "upstream", key: "a", contentType: 1, data: "b" }],
  ["a key of text", { kind: "publishKey", publicKey: "a", auth: "b" }],
  ["a signOut that is an array", { kind: "unregister", signOut: ["a"] }],
  ["a grant that is a number", { kind: "granted", grant: 5 }],
  ["a fault without text", { kind: "fault" }],
])(
  "S23 a port that sends %s is refused, and neither link nor other apps notice",
  async (_, ...said) => {
    const hostile = await registered();
    const own = await victim();
    const { length } = mesh.socket.frames;
    const all = said.map((one, i) =>
      one?.constructor !== Object
        ? one
        : {
            request: 10 + i,
            ...one,
            // Its own slot: otherwise it would be refused for that.
            ...(Object(one).cursor && { cursor: { ...Object(one).cursor, slot: hostile.slot } }),
          },
    );
    hostile.say(...all);
    await settle();
    expect(hostile.failures()).toEqual(
      said.map((one, i) => [one?.constructor === Object ? 10 + i : undefined, "option_invalid"]),
    );
    expect(mesh.socket.frames).toHaveLength(length);
    await serves(own);
    expect(mesh.sockets).toHaveLength(1);
    await relink();
    await serves(own);
    expect(mesh.sockets).toHaveLength(2);
    expect(own.errors.filter((code) => code !== "link_lost")).toEqual([]);
  },
);

test("S23 a field that is not the command's does not reach the mesh", async () => {
  const hostile = await registered();
  const own = await victim();
  const alias = { kind: "setAlias", alias: "a", held: true, shared: false, request: 2 };
  hostile.say({ ...alias, slot: own.slot, appId: APP, waits: true, grant: "g" });
  await until(() => hostile.got.some(({ kind }) => kind === "done"), "the alias");
  expect(mesh.held(hostile.slot).aliases).toEqual(new Set(["a"]));
  expect(mesh.held(own.slot).aliases).toEqual(new Set());
});

test("S23 a port that says again and again that the mesh is faulty ends one link, not all", async () => {
  const hostile = await registered();
  const own = await victim();
  const fault = { kind: "fault", message: "x" };
  hostile.say(fault, fault, fault);
  await settle();
  expect(mesh.sockets[0]?.closedBy).toEqual({ by: "device", code: 4202 });
  mesh.online?.();
  // The wait for the next link may not have begun yet. In steps that it does not time out by.
  while (mesh.sockets.length < 2) await mesh.clock.advance(1_000);
  await mesh.link(2);
  for (let i = 0; i < 50; i++) {
    hostile.say(fault);
    await settle();
  }
  // Nor from another port.
  const another = strange();
  another.say({ ...OPEN, appId: "C".repeat(22) }, fault);
  await settle();
  expect(mesh.sockets).toHaveLength(2);
  await serves(own);
});

test("S23 an app that has sent nothing takes no notice of what the mesh says of another's registration", async () => {
  const own = await victim();
  const idle = strange();
  idle.say(OPEN, { kind: "listen", on: true });
  await settle();
  idle.got.length = 0;
  const [registration] = mesh.registrations;
  if (registration === undefined) throw new Error("not registered");
  mesh.socket.push({ kind: "registered", value: { request: 0, registration } });
  await settle();
  mesh.socket.deliver(mesh.message("for its app only", { slot: own.slot }));
  await until(() => own.got.length === 1, "the message");
  expect(idle.got).toEqual([]);
});

test("S23 an app takes no registration of another app, even if the mesh answers with one", async () => {
  const own = await victim();
  const hostile = strange();
  mesh.auto = false;
  hostile.say(OPEN, { kind: "listen", on: true }, { kind: "register", isHeld: false, request: 1 });
  const frame = await until(
    () => mesh.socket.frames.find((one) => one.kind === "register" && one.value.appId === OTHER),
    "the command",
  );
  const [registration] = mesh.registrations;
  if (frame.kind !== "register" || registration === undefined) throw new Error("not registered");
  const { request } = frame.value;
  mesh.socket.push({ kind: "registered", value: { request, registration } });
  await until(() => hostile.failures().length > 0, "the answer");
  expect(hostile.failures()).toEqual([[1, "app_denied"]]);
  mesh.socket.deliver(mesh.message("for its app only", { slot: own.slot }));
  await until(() => own.got.length === 1, "the message");
  expect(hostile.got.map(({ kind }) => kind)).not.toContain("deliver");
});
