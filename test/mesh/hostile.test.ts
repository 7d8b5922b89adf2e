/**
 * Hostile input to real processes. The edge's own tests (test/worker) hold each field of each route; here is what
 * only shows on real sockets, beside a healthy device and sender that must notice nothing.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  CHANNEL_ECHO,
  CHANNEL_LINK,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  encodeEcho,
  encodeEnvelope,
} from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import { memoryStorage, connect as openDevice, type PushClient } from "../../sdk/device/mod.ts";
import type { PushServer } from "../../sdk/server/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { HOST } from "../support/host.ts";
import { hello, offer, push, RawAccount, RawDevice } from "./support/raw-device.ts";
import { clientFrame, RawSocket } from "./support/raw-socket.ts";
import { signedPost } from "./support/signed-post.ts";

/** Under the 50 commands a second that a device may send: an acknowledgement of nothing counts as one. */
const ACK_EVERY_MS = 30;

/**
 * What such a device may see at its end. Deno drops a connection that it is closing when anything but a close frame
 * comes in, and what was still to be sent with it: where the device goes on talking, it may see no code, and a
 * connection without a code is one to open anew, as 4002 and 4005 are.
 */
const closeCodes = (code: number): number[] => (HOST === "deno" ? [code, 1006] : [code]);

let mesh: Mesh;
let app: App;
let sender: PushServer;
let healthy: PushClient;
let healthyRegId: string;
let pid: number;
const seen: unknown[] = [];

beforeAll(async () => {
  mesh = await Mesh.start();
  pid = mesh.pid;
  app = await mesh.app("hostile");
  sender = mesh.sender(app);
  healthy = await openDevice({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  healthy.onMessage(({ data }) => {
    seen.push(data);
  });
  healthyRegId = await healthy.register();
});

afterEach(async () => {
  const data = `after ${seen.length}`;
  const { status } = await sender.send({ to: healthyRegId, data });
  // A process that crashed would be gone, or have been started again under another process ID.
  const after = { status, last: seen.at(-1), pid: mesh.pid };
  expect(after).toEqual({ status: "delivered", last: data, pid });
});

afterAll(async () => {
  await healthy.close();
  await mesh.stop();
});

/** An envelope of exactly so many bytes, for a channel that no mesh has. */
function envelopeOf(bytes: number): Uint8Array {
  const overhead = encodeEnvelope({ channel: 99, body: new Uint8Array(bytes) }).length - bytes;
  return encodeEnvelope({ channel: 99, body: new Uint8Array(bytes - overhead) });
}

const echo = (data: Uint8Array): Uint8Array =>
  encodeEnvelope({ channel: CHANNEL_ECHO, body: encodeEcho({ nonce: 1, data }) });

describe("P8.2 L2 a frame that breaks the protocol closes its own link:", () => {
  const whole = hello();
  const cases: [string, boolean, (socket: RawSocket) => void, number, RegExp][] = [
    ["garbage", false, (s) => s.binary(randomBytes(300)), 4202, /^protocol_error/],
    ["nothing at all", false, (s) => s.binary(new Uint8Array()), 4202, /^protocol_error/],
    ["a frame broken off", false, (s) => s.binary(whole.subarray(0, -2)), 4202, /^protocol_error/],
    [
      "bytes after a frame",
      false,
      (s) => s.binary(Buffer.concat([whole, Buffer.from([0])])),
      4202,
      /^protocol_error/,
    ],
    ["text before hello", false, (s) => s.text("hello"), 4202, /^protocol_error/],
    ["text after hello", true, (s) => s.text("Ping"), 4202, /^protocol_error/],
    [
      "a command before hello",
      false,
      (s) => s.binary(push({ kind: "attach", value: { slot: 1 } })),
      4202,
      /hello/,
    ],
    ["an echo before hello", false, (s) => s.binary(echo(new Uint8Array())), 4202, /hello/],
    ["a second hello", true, (s) => s.binary(hello()), 4202, /second hello/],
    ["another revision", false, (s) => s.binary(hello(2)), 4204, /^revision_unsupported/],
    [
      "a frame one byte over the bound",
      true,
      (s) => s.binary(envelopeOf(LIMITS.FRAME_BYTES + 1)),
      4203,
      /65537 bytes, at most 65536/,
    ],
    ["a frame of 8 MiB", true, (s) => s.binary(new Uint8Array(2 ** 23)), 4203, /^frame_too_large/],
    ["text of 1 MiB", true, (s) => s.text(Buffer.alloc(2 ** 20, "x")), 4203, /^frame_too_large/],
  ];
  it.each(cases)("%s", async (_name, greeted, act, code, reason) => {
    const device = greeted ? await RawDevice.greet(mesh.url) : await RawDevice.open(mesh.url);
    act(device.socket);
    const close = await device.socket.close();
    expect(close.code).toBe(code);
    expect(close.reason).toMatch(reason);
  });
});

describe("P8.2 bytes that are no WebSocket end their own connection:", () => {
  const cases: [string, Uint8Array][] = [
    ["an unmasked frame", Buffer.from([0x82, 0x01, 0x00])],
    ["a reserved opcode", clientFrame(0x3, Buffer.from("x"))],
    ["a reserved bit", Buffer.from([0xf2, 0x80, 0, 0, 0, 0])],
    ["a length of 2^63", Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ["a frame over 32 MiB", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0])],
    ["a continuation of nothing", clientFrame(0x0, Buffer.from("x"))],
    ["a close code that may not be sent", clientFrame(0x8, Buffer.from([0x03, 0xee]))],
  ];
  it.each(cases)("%s", async (_name, bytes) => {
    const device = await RawDevice.greet(mesh.url);
    await device.socket.bytes(bytes);
    // What the runtime answers is its own affair; that the link ends is ours.
    expect((await device.socket.close()).code).toBeGreaterThanOrEqual(1000);
  });

  it("text that is no UTF-8, where the device is left without an answer at most", async () => {
    const device = await RawDevice.greet(mesh.url);
    device.socket.text(Buffer.from([0xff, 0xfe]));
    expect((await device.socket.close()).code).toBeGreaterThanOrEqual(1000);
  });

  it("a frame that never ends holds nothing but itself", async () => {
    const device = await RawDevice.greet(mesh.url);
    await device.socket.bytes(Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3]));
    device.socket.destroy();
  });
});

describe("P4.4 what a link refuses it names, and stays up:", () => {
  it("a frame of exactly the bound is read, whole or in two parts", async () => {
    const device = await RawDevice.greet(mesh.url);
    device.socket.binary(envelopeOf(LIMITS.FRAME_BYTES));
    expect(await device.refusal()).toMatchObject({ code: 700, name: "channel_unknown" });
    device.socket.halves(envelopeOf(LIMITS.FRAME_BYTES));
    expect(await device.refusal()).toMatchObject({ code: 700, name: "channel_unknown" });
    device.socket.destroy();
  });

  it("unknown frames, slots and apps", async () => {
    const device = await RawDevice.greet(mesh.url);
    const { socket } = device;
    // A union whose only field is number 15, an empty struct.
    socket.binary(encodeEnvelope({ channel: 1, body: Uint8Array.of(0xfc, 0, 0) }));
    expect(await device.refusal()).toMatchObject({ code: 701, name: "frame_unknown" });
    socket.binary(encodeEnvelope({ channel: 0, body: Uint8Array.of(0xfc, 0, 0) }));
    expect(await device.refusal()).toMatchObject({ code: 701, name: "frame_unknown" });
    for (const slot of [7, -1, 2 ** 31 - 1]) {
      socket.binary(push({ kind: "unregister", value: { request: 5, slot } }));
      expect(await device.refusal()).toMatchObject({ name: "slot_unknown", request: 5 });
    }
    const last = app.appId.endsWith("A") ? "B" : "A";
    const forged = [
      "",
      "x",
      app.appId.slice(0, -1),
      `${app.appId}A`,
      app.appId.slice(0, -1) + last,
    ];
    for (const appId of [...forged, "a".repeat(60_000)]) {
      socket.binary(push({ kind: "register", value: { request: 6, appId } }));
      expect(await device.refusal()).toMatchObject({ name: "app_unknown", request: 6 });
    }
    expect((await device.register(app.appId)).slot).toBeGreaterThan(0);
    socket.destroy();
  });

  it("P8.3 a flood of commands is cut", async () => {
    const device = await RawDevice.greet(mesh.url);
    const attach = push({ kind: "attach", value: { slot: 9 } });
    for (let i = 0; i < 2_000; i++) device.socket.binary(attach);
    expect(closeCodes(4005)).toContain((await device.socket.close()).code);
  });

  it("P8.3 a device with too many commands is slowed, then cut with 4005", async () => {
    const device = await RawDevice.greet(mesh.url);
    const attach = push({ kind: "attach", value: { slot: 9 } });
    const refused: string[] = [];
    // One at a time: it says nothing after the one that was too much, and sees its close on every host.
    const next = () => {
      device.socket.binary(attach);
      return device.socket.next();
    };
    let end = await next();
    for (; end.kind === "binary"; end = await next()) {
      const { channel, body } = decodeEnvelope(end.bytes);
      const frame = channel === CHANNEL_LINK ? decodeLinkDown(body) : decodePushDown(body);
      if (frame.kind === "refusal") refused.push(frame.value.name);
    }
    expect(end).toMatchObject({ code: 4005, reason: expect.stringMatching(/^flooding/) });
    const granted = refused.filter((name) => name === "slot_unknown").length;
    const limited = refused.filter((name) => name === "rate_limited").length;
    expect(granted + limited).toBe(refused.length);
    // A slow machine grants some more while it works through the flood, and as many refusals with them.
    expect(granted).toBeGreaterThanOrEqual(LIMITS.COMMANDS_BURST);
    expect(limited).toBeGreaterThanOrEqual(LIMITS.COMMANDS_REFUSED_MAX);
    expect(limited - LIMITS.COMMANDS_REFUSED_MAX).toBeLessThanOrEqual(
      granted - LIMITS.COMMANDS_BURST,
    );
  });
});

it("L2 a link that says nothing is closed with 4001 after 10 s", async () => {
  const device = await RawDevice.open(mesh.url);
  const openedAt = Date.now();
  expect(await device.socket.close()).toMatchObject({ code: 4001 });
  expect(Date.now() - openedAt).toBeGreaterThan(LIMITS.HELLO_TIMEOUT_MS - 500);
});

it("P8.3 a device that does not read is cut with 4002, and what it did not get waits", async () => {
  const device = await RawDevice.greet(mesh.url);
  const { slot, regId } = await device.register(app.appId);
  // It acknowledges what it never looked at, so that nothing but its socket's buffer bounds what is sent.
  const acks = push({ kind: "acks", value: [{ slot, priority: 2, seq: Number.MAX_SAFE_INTEGER }] });
  device.socket.pause();
  const timer = setInterval(() => device.socket.binary(acks), ACK_EVERY_MS);
  const data = "x".repeat(LIMITS.DATA_BYTES);
  const cut = async (): Promise<boolean> => {
    const sends = Array.from({ length: 64 }, () => sender.send({ to: regId, data }, { wait: 2 }));
    const answers = await Promise.all(sends);
    // Nobody else notices.
    const other = await sender.send({ to: healthyRegId, data: "meanwhile" });
    expect(other.status).toBe("delivered");
    // Only a link that is gone leaves a whole batch to the mailbox at once.
    return answers.every(({ status, tookMs }) => status === "queued" && tookMs < 1_000);
  };
  try {
    await until("the end of a link that is not read", cut, 45_000);
  } finally {
    clearInterval(timer);
  }
  device.socket.resume();
  expect(closeCodes(4002)).toContain((await device.socket.close()).code);
});

describe("P7.2 P7.3 of another mesh, or of another time:", () => {
  let other: Mesh;
  beforeAll(async () => {
    other = await Mesh.start();
  });
  afterAll(() => other.stop());

  it("regIds, keys, message IDs and apps are refused", async () => {
    const foreign = await other.app("foreign");
    const device = await openDevice({
      url: other.url,
      appId: foreign.appId,
      storage: memoryStorage(),
    });
    const regId = await device.register();
    const { id } = await other.sender(foreign).send({ to: regId, data: "x" });
    await device.close();
    await expect(sender.send({ to: regId, data: "x" })).rejects.toMatchObject({
      status: 400,
      code: "reg_id_invalid",
    });
    await expect(sender.status(id)).rejects.toMatchObject({
      status: 400,
      code: "message_id_invalid",
    });
    const stranger = mesh.sender(foreign);
    await expect(stranger.send({ to: healthyRegId, data: "x" })).rejects.toMatchObject({
      status: 401,
      code: "key_unknown",
    });
  });

  it("credentials close 4100", async () => {
    const account = await new RawAccount().open(other.url);
    const socket = await RawSocket.open(mesh.url, offer(account.token()));
    expect(await socket.close()).toMatchObject({ code: 4100 });
  });

  it("headers that the edge sets are worth nothing from outside", async () => {
    const socket = await RawSocket.open(mesh.url, offer("x.y.z"), {
      "x-pushmesh-device": "AAAAAAAAAAAAAAAAAAAAAA",
      "x-pushmesh-generation": "1",
      "x-pushmesh-key": "A".repeat(43),
      "x-pushmesh-jti": "12345678",
      "x-pushmesh-exp": "9999999999",
    });
    expect(await socket.close()).toMatchObject({ code: 4100 });
  });

  it("P7.3 a connect token opens one link, also when the mesh was killed in between, once something was registered", async () => {
    const account = await new RawAccount().open(other.url);
    const { appId } = await other.app("tokens");
    const registering = await RawDevice.greet(other.url, account);
    registering.socket.binary(push({ kind: "register", value: { request: 1, appId } }));
    await registering.next();
    registering.socket.destroy();
    const token = account.token();
    const first = await RawSocket.open(other.url, offer(token));
    first.binary(hello());
    expect((await first.next()).kind).toBe("binary");
    await other.kill("machine");
    const second = await RawSocket.open(other.url, offer(token));
    expect(await second.close()).toMatchObject({ code: 4102 });
    expect((await RawDevice.greet(other.url, account)).socket.status).toBe(101);
  });
});

describe("P8.1 bodies over real connections:", () => {
  /** A send whose body is exactly so many bytes: JSON may end in spaces. */
  const bodyOf = (bytes: number) =>
    Buffer.from(JSON.stringify({ to: healthyRegId, data: "at the bound" }).padEnd(bytes));

  it("are taken at the bound and refused one past it, with a length or in chunks", async () => {
    for (const chunked of [false, true]) {
      const at = await signedPost(mesh.url, app, bodyOf(LIMITS.MESSAGE_BODY_BYTES), { chunked });
      expect(at).toMatchObject({ status: 200, body: { status: "delivered" } });
      const past = await signedPost(mesh.url, app, bodyOf(LIMITS.MESSAGE_BODY_BYTES + 1), {
        chunked,
      });
      expect(past).toMatchObject({ status: 413, body: { code: "body_too_large" } });
    }
  });

  it("data is taken at the bound and refused one past it, by the name of its field", async () => {
    const at = { to: healthyRegId, data: "x".repeat(LIMITS.DATA_BYTES) };
    expect((await sender.send(at)).status).toBe("delivered");
    await expect(sender.send({ ...at, data: `${at.data}x` })).rejects.toMatchObject({
      status: 400,
      code: "field_invalid",
      problem: { field: "data", detail: expect.stringContaining("4096") },
    });
  });

  it("an endless body is cut off at the bound, not read to its end", async () => {
    const { hostname, port } = new URL(mesh.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {});
    socket.write(
      "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" +
        "transfer-encoding: chunked\r\n\r\n",
    );
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    await until(
      "the refusal of an endless body",
      () => {
        if (answer === "") socket.write(chunk);
        return answer.includes("body_too_large");
      },
      20_000,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it("a replay of a signed request, byte for byte, is the same message", async () => {
    const body = Buffer.from(JSON.stringify({ to: healthyRegId, data: "only once" }));
    const first = await signedPost(mesh.url, app, body);
    const second = await signedPost(mesh.url, app, body, { like: first });
    expect(second.body).toMatchObject({ id: first.body["id"], status: "delivered" });
    expect(seen.filter((data) => data === "only once")).toHaveLength(1);
  });
});

describe("P8.2 connections that are no requests:", () => {
  const cases: [string, string | Buffer][] = [
    ["garbage", randomBytes(2_000)],
    ["a request line without an end", `GET /${"a".repeat(300_000)}`],
    ["headers without an end", `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(40_000)}`],
    ["an unknown method", "BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n"],
    [
      "two lengths",
      "POST /v1/devices HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ],
    ["TLS to a plain port", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])],
  ];
  it.each(cases)("%s", async (_name, bytes) => {
    const { hostname, port } = new URL(mesh.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let ended = false;
    socket.on("error", () => {});
    socket.on("data", () => {
      ended = true;
    });
    socket.on("close", () => {
      ended = true;
    });
    socket.end(bytes);
    await until("an answer or an end", () => ended, 20_000);
    socket.destroy();
  });

  it("the control of the host is not served to the network", async () => {
    const answer = await fetch(`${mesh.url}/drain?ms=1000`, { method: "POST" });
    expect(answer.status).toBe(404);
    expect(healthy.state).toBe("connected");
  });
});
