/** The device SDK against a scripted mesh: accounts, tokens, the link's life, a mesh that misbehaves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CHANNEL_PUSH,
  encodeEnvelope,
  encodePushDown,
  type Message,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { memoryStorage, PushError, type Storage } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, type Device, FakeMesh, start } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

const reaches = (device: Device, state: string): Promise<true> =>
  until(() => device.client.state === state && true, state);

/** The states so far, without times. */
const statesOf = ({ states }: Device): string[] =>
  states.map(({ state, error }) => (error === undefined ? state : `${state} ${error.code}`));

describe("the account", () => {
  it("is made once, and signed for with a key that no script can read where the storage keeps keys", async () => {
    const storage = memoryStorage();
    const device = await start(mesh, { storage });
    await reaches(device, "connected");
    const pair = await storage.get("device/key");
    if (pair === undefined || typeof pair === "string") throw new Error("no key pair was kept");
    expect(pair.privateKey.extractable).toBe(false);
    await device.client.close();
    const again = await start(mesh, { storage });
    await reaches(again, "connected");
    expect(mesh.requests).toEqual(["POST /v1/devices"]);
    await again.client.close();
  });

  it("is another one with other identifiers, and the same with the same ones in any order", async () => {
    const storage = memoryStorage();
    const accounts = async (identifiers: string[]): Promise<number> => {
      const device = await start(mesh, { storage, identifiers });
      await reaches(device, "connected");
      await device.client.close();
      return mesh.requests.length;
    };
    expect(await accounts(["serial", "imei", "serial"])).toBe(1);
    expect(await accounts(["imei", "serial"])).toBe(1);
    expect(await accounts(["imei"])).toBe(2);
  });

  it.each([
    ["nine identifiers", { identifiers: Array.from({ length: 9 }, (_, i) => `id${i}`) }],
    ["an empty identifier", { identifiers: [""] }],
    ["a URL that is none", { url: "push.test" }],
    ["a URL of another scheme", { url: "wss://push.test" }],
    ["an appId that is a path", { appId: "../../etc" }],
    ["an empty appId", { appId: "" }],
  ])("refuses %s before anything is sent", async (_, options) => {
    await expect(start(mesh, options)).rejects.toMatchObject({ code: "option_invalid" });
    expect(mesh.requests).toEqual([]);
    expect(mesh.online).toBeUndefined();
  });

  it("waits as long as the mesh says while the device is in use under another key", async () => {
    mesh.refuse.push({ code: "device_active", retryAfterSeconds: 120 });
    const device = await start(mesh);
    await reaches(device, "waiting");
    expect(device.states.at(-1)).toMatchObject({
      error: { code: "device_active", retry: "later" },
      retryInMs: 120_500,
    });
    await mesh.clock.advance(120_500);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("stops where the mesh says that it cannot succeed, and fails what waits with the reason", async () => {
    mesh.refuse.push({ code: "field_invalid" });
    const device = await start(mesh);
    await expect(device.client.register()).rejects.toMatchObject({ code: "field_invalid" });
    await expect(device.client.register()).rejects.toMatchObject({ code: "field_invalid" });
    expect(statesOf(device)).toContain("closed field_invalid");
    expect(mesh.clock.pending).toEqual([]);
    await device.client.close();
  });

  it("P7 sets its clock by the mesh after a refusal, in both directions", async () => {
    for (const skewMs of [3_600_000, -3_600_000]) {
      mesh = new FakeMesh();
      mesh.skewMs = skewMs;
      const device = await start(mesh);
      await reaches(device, "waiting");
      await mesh.clock.advance(2_000);
      await reaches(device, "connected");
      expect(mesh.requests).toEqual(["POST /v1/devices", "GET /healthz", "POST /v1/devices"]);
      await device.client.close();
    }
  });

  it("sets its clock after token_expired, and makes no new account for it", async () => {
    const storage = memoryStorage();
    const first = await start(mesh, { storage });
    await reaches(first, "connected");
    await first.client.close();
    mesh.skewMs = 7_200_000;
    const device = await start(mesh, { storage });
    await until(() => statesOf(device).includes("waiting token_expired"), "the refusal");
    await mesh.clock.advance(2_000);
    await reaches(device, "connected");
    expect(mesh.requests).toEqual(["POST /v1/devices", "GET /healthz"]);
    await device.client.close();
  });

  it("is made anew where the mesh does not know its credential", async () => {
    const storage = memoryStorage();
    const first = await start(mesh, { storage });
    await reaches(first, "connected");
    await first.client.close();
    mesh.dropAccounts();
    const device = await start(mesh, { storage });
    await reaches(device, "waiting");
    await mesh.clock.advance(1_000);
    await until(() => mesh.sockets.length === 3, "a second token");
    await reaches(device, "waiting");
    await mesh.clock.advance(2_000);
    await reaches(device, "connected");
    const posts = mesh.requests.filter((line) => line.startsWith("POST"));
    expect(posts).toHaveLength(2);
    await device.client.close();
  });

  it("is forgotten after account_replaced, so that the next start makes it again", async () => {
    const storage = memoryStorage();
    const device = await start(mesh, { storage });
    await reaches(device, "connected");
    mesh.socket.end(4201, "account_replaced");
    await reaches(device, "closed");
    expect(device.states.at(-1)?.error).toMatchObject({ code: "account_replaced", retry: "never" });
    await device.client.close();
    const next = await start(mesh, { storage });
    await reaches(next, "connected");
    expect(mesh.requests).toHaveLength(2);
    await next.client.close();
  });

  it.each<[string, (inner: Storage) => Storage]>([
    ["reading", (inner) => ({ ...inner, get: () => Promise.reject(new Error("denied")) })],
    [
      "writing",
      (inner) => {
        const full = () => Promise.reject(new Error("full"));
        return { ...inner, set: full, add: full };
      },
    ],
  ])(
    "fails to start where %s the storage fails, rather than be a new device at each start",
    async (_, broken) => {
      const failed = start(mesh, { storage: broken(memoryStorage()) });
      await expect(failed).rejects.toMatchObject({
        code: "storage_failed",
        cause: expect.any(Error),
      });
      await expect(failed).rejects.toBeInstanceOf(PushError);
      expect(mesh.requests).toEqual([]);
    },
  );
});

describe("the link", () => {
  it("says each state once, with the reason and the time of a wait", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(4000, "going_away: deploy");
    await settle();
    expect(device.states.at(-1)).toMatchObject({
      state: "waiting",
      error: { code: "going_away", closeCode: 4000 },
      retryInMs: 500,
    });
    await mesh.clock.advance(500);
    await reaches(device, "connected");
    await device.client.close();
    expect(statesOf(device).slice(-5)).toEqual([
      "connected",
      "waiting going_away",
      "connecting",
      "connected",
      "closed",
    ]);
  });

  it("opens with a token of its own each time, and never offers one twice", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(1006);
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    const [first, second] = mesh.sockets;
    expect(first?.url).toBe("wss://push.test/v1/connect");
    expect(first?.protocols[0]).toBe("pushmesh.v1");
    expect(first?.protocols[1]).not.toBe(second?.protocols[1]);
    await device.client.close();
  });

  it("goes to the next endpoint when one cannot be reached", async () => {
    mesh.auto = false;
    const device = await start(mesh, { url: ["https://one.test", "https://two.test"] });
    const first = await until(() => mesh.sockets[0], "a socket");
    first.end(1006);
    mesh.auto = true;
    await settle();
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    expect(mesh.sockets.map(({ url }) => new URL(url).host)).toEqual(["one.test", "two.test"]);
    await device.client.close();
  });

  it("P6.3 L6 sends nothing but its heartbeat when it is idle, and ends 10 s after one stays unanswered", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    const { socket } = mesh;
    const frames = socket.frames.length;
    await mesh.clock.advance(10 * LIMITS.HEARTBEAT_DEFAULT_MS);
    expect(socket.pings).toBe(10);
    expect(socket.frames).toHaveLength(frames);
    socket.alive = false;
    await mesh.clock.advance(LIMITS.HEARTBEAT_DEFAULT_MS);
    expect(socket.pings).toBe(11);
    await mesh.clock.advance(9_999);
    expect(device.client.state).toBe("connected");
    await mesh.clock.advance(1);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(socket.closedBy).toEqual({ by: "device", code: 1000 });
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("reconnects at once when the network comes back, and probes a link that stands", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.online?.();
    await until(() => mesh.socket.pings === 1, "a ping");
    mesh.offline = true;
    mesh.socket.end(1006);
    await settle();
    expect(device.client.state).toBe("waiting");
    mesh.offline = false;
    device.client.reconnectNow();
    await reaches(device, "connected");
    expect(mesh.sockets).toHaveLength(2);
    await device.client.close();
  });

  it("gives up a socket that never opens, and hears no more of it", async () => {
    mesh.auto = false;
    const device = await start(mesh);
    const first = await until(() => mesh.sockets[0], "a socket");
    await mesh.clock.advance(20_000);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(first.closedBy?.by).toBe("device");
    await mesh.clock.advance(1_000);
    const second = await until(() => mesh.sockets[1], "the next socket");
    first.open();
    first.end(4200, "replaced");
    await settle();
    expect(first.hello).toBeUndefined();
    expect(second.hello).toBeUndefined();
    mesh.auto = true;
    second.open();
    await reaches(device, "connected");
    await device.client.close();
  });

  it("hears no more of an account request that it gave up", async () => {
    const answers: ((response: Response) => void)[] = [];
    const signals: (AbortSignal | null | undefined)[] = [];
    const fetch = (_: string, { signal }: RequestInit): Promise<Response> => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    };
    const device = await start(mesh, { host: { ...mesh.host, fetch } });
    await until(() => answers.length === 1, "the request");
    await mesh.clock.advance(20_000);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(signals[0]?.aborted).toBe(true);
    await mesh.clock.advance(1_000);
    await until(() => answers.length === 2, "the next request");
    const refusal = { code: "field_invalid", detail: "", retry: "never" };
    answers[0]?.(Response.json(refusal, { status: 400 }));
    await settle();
    expect(device.client.state).toBe("connecting");
    await device.client.close();
    expect(signals[1]?.aborted).toBe(true);
  });

  it.each([
    ["no network", () => Promise.reject(new TypeError("fetch failed"))],
    ["a page of a portal", () => Promise.resolve(new Response("<html>", { status: 200 }))],
    ["a proxy's error", () => Promise.resolve(new Response("bad gateway", { status: 502 }))],
    ["JSON of something else", () => Promise.resolve(Response.json({ ok: true }))],
    ["JSON of nothing", () => Promise.resolve(Response.json(null))],
    [
      "an error of something else",
      () => Promise.resolve(Response.json({ code: 7 }, { status: 404 })),
    ],
  ])("tries again where the account request meets %s", async (_, fetch) => {
    let broken = true;
    const host = {
      ...mesh.host,
      fetch: (url: string, init: RequestInit) => (broken ? fetch() : mesh.host.fetch(url, init)),
    };
    const device = await start(mesh, { host });
    await reaches(device, "waiting");
    expect(device.states.at(-1)?.error).toMatchObject({ code: "network_failed", retry: "later" });
    broken = false;
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("stops after replaced, and does not fight for the link", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(4200, "replaced: a newer link");
    await reaches(device, "closed");
    await mesh.clock.advance(600_000);
    device.client.reconnectNow();
    await settle();
    expect(mesh.sockets).toHaveLength(1);
    expect(device.states.at(-1)?.error?.code).toBe("replaced");
    await device.client.close();
  });

  it("measures its round trip by echo, and fails that where the link does not stand, or ends, or is deaf", async () => {
    const device = await start(mesh);
    await expect(device.client.ping()).rejects.toMatchObject({ code: "link_lost" });
    await reaches(device, "connected");
    expect(await device.client.ping()).toBe(0);
    expect(mesh.socket.echoes).toBe(1);
    mesh.socket.alive = false;
    const deaf = expect(device.client.ping()).rejects.toMatchObject({ code: "timeout" });
    await settle();
    await mesh.clock.advance(10_000);
    await deaf;
    const cut = expect(device.client.ping()).rejects.toMatchObject({ code: "link_lost" });
    await settle();
    mesh.socket.end(1006);
    await cut;
    await device.client.close();
  });
});

describe("P7 a mesh that breaks the protocol", () => {
  const frame = (value: unknown): Uint8Array =>
    encodeEnvelope({
      channel: CHANNEL_PUSH,
      body: encodePushDown({ kind: "deliver", value: { messages: [value as Message] } }),
    });

  it.each<[string, (mesh: FakeMesh) => void]>([
    ["bytes that are no envelope", ({ socket }) => socket.bytes(Uint8Array.of(1, 2, 3))],
    ["no bytes", ({ socket }) => socket.bytes(new Uint8Array())],
    [
      "a body that is no frame",
      ({ socket }) => socket.bytes(encodeEnvelope({ channel: 1, body: Uint8Array.of(255) })),
    ],
    [
      "a frame over the bound",
      ({ socket }) => socket.bytes(new Uint8Array(LIMITS.FRAME_BYTES + 1)),
    ],
    ["text other than pong", ({ socket }) => socket.text("hello")],
    ["a second welcome", ({ socket }) => socket.welcome()],
    [
      "a key of another length",
      (mesh) => mesh.socket.bytes(frame(mesh.message("", { key: new Uint8Array(8) }))),
    ],
  ])("with %s is left with 4202, and called again", async (_, break_) => {
    const device = await start(mesh);
    await reaches(device, "connected");
    const { socket } = mesh;
    break_(mesh);
    expect(socket.closedBy).toEqual({ by: "device", code: 4202 });
    await settle();
    expect(device.states.at(-1)).toMatchObject({
      state: "waiting",
      error: { code: "protocol_error", retry: "later" },
    });
    await mesh.clock.advance(2_000);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("with a frame before its welcome is left", async () => {
    mesh.auto = false;
    const device = await start(mesh);
    const socket = await until(() => mesh.sockets[0], "a socket");
    socket.open();
    socket.bytes(frame(mesh.message("early")));
    expect(socket.closedBy).toEqual({ by: "device", code: 4202 });
    await device.client.close();
  });

  it.each([
    ["a channel it does not know", encodeEnvelope({ channel: 77, body: Uint8Array.of(0) })],
    // A union whose only field, 14 of type struct, is of a newer revision.
    ["a frame it does not know", encodeEnvelope({ channel: 1, body: Uint8Array.of(0xec, 0, 0) })],
    [
      "a link frame it does not know",
      encodeEnvelope({ channel: 0, body: Uint8Array.of(0xec, 0, 0) }),
    ],
  ])("a mesh newer than the device sends %s: ignored", async (_, bytes) => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.bytes(bytes);
    await settle();
    expect(device.client.state).toBe("connected");
    expect(await device.client.ping()).toBe(0);
    await device.client.close();
  });

  it("P8 with more messages than it may send ahead is left", async () => {
    const device = await start(mesh);
    device.client.onMessage(() => new Promise(() => {}));
    await device.client.register();
    await until(() => mesh.socket.attached.size === 1, "the attach");
    const { socket } = mesh;
    for (let i = 0; i < 9; i++) {
      socket.deliver(...Array.from({ length: 128 }, () => mesh.message("x")));
      if (socket.closedBy !== undefined) break;
      await settle();
    }
    expect(socket.closedBy).toEqual({ by: "device", code: 4202 });
  });
});

it("P2.1 a window that cannot be written is reported and tried again, and messages still come and are acknowledged", async () => {
  const inner = memoryStorage();
  let isFull = true;
  const storage: Storage = {
    ...inner,
    set: (key, value) =>
      isFull && key.includes("/window/")
        ? Promise.reject(new Error("full"))
        : inner.set(key, value),
  };
  const device = await start(mesh, { storage });
  let calls = 0;
  device.client.onMessage(() => {
    calls++;
  });
  await device.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
  expect(device.errors).toMatchObject([{ code: "storage_failed", cause: { message: "full" } }]);
  // Nothing else is put.
  isFull = false;
  await mesh.clock.advance(1_000);
  const segment = await storage.get(`app/${APP}/window/0`);
  expect(JSON.parse(String(segment)).keys).toHaveLength(1);
  mesh.socket.deliver(message);
  await until(() => mesh.socket.acks.length === 2, "the second acknowledgement");
  expect(calls).toBe(1);
  isFull = true;
  mesh.socket.deliver(mesh.message("b"));
  await until(() => mesh.socket.acks.length === 3, "the third acknowledgement");
  await device.client.close();
  expect(device.errors).toHaveLength(3);
  expect(mesh.clock.pending).toEqual([]);
});
