/**
 * Hostile frames and credentials on links of real processes, beside a healthy device and sender that must notice nothing.
 * The edge's own tests (test/worker) hold each field of each route.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CHANNEL_ECHO,
  CHANNEL_LINK,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  encodeEcho,
  encodeEnvelope,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { memoryStorage, connect as openDevice } from "../../../sdk/device/mod.ts";
import { Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
import { HOST } from "../../support/host.ts";
import { withBystander } from "../support/bystander.ts";
import { hello, offer, push, RawAccount, RawDevice } from "../support/raw-device.ts";
import { clientFrame, RawSocket } from "../support/raw-socket.ts";

/** Under the 50 commands a second that a device may send: an acknowledgement of nothing counts as one. */
const ACK_EVERY_MS = 30;
/** Of sends to a device that does not read. */
const WAIT_SECONDS = 2;

/**
 * What such a device may see at its end. Deno drops a connection that it is closing when anything but a close frame
 * comes in, and what was still to be sent with it: where the device goes on talking, it may see no code, and a
 * connection without a code is one to open anew, as 4002 and 4005 are.
 */
const closeCodes = (code: number): number[] => (HOST === "deno" ? [code, 1006] : [code]);

const bystander = withBystander();

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
    const device = greeted
      ? await RawDevice.greet(bystander().mesh.url)
      : await RawDevice.open(bystander().mesh.url);
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
    const device = await RawDevice.greet(bystander().mesh.url);
    await device.socket.bytes(bytes);
    // What the runtime answers is its own affair; that the link ends is ours.
    expect((await device.socket.close()).code).toBeGreaterThanOrEqual(1000);
  });

  it("text that is no UTF-8, where the device is left without an answer at most", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
    device.socket.text(Buffer.from([0xff, 0xfe]));
    expect((await device.socket.close()).code).toBeGreaterThanOrEqual(1000);
  });

  it("a frame that never ends holds nothing but itself", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
    await device.socket.bytes(Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3]));
    device.socket.destroy();
  });
});

describe("P4.4 a link answers what it refuses, and stays open:", () => {
  it("a frame of exactly the bound is read, whole or in two parts", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
    device.socket.binary(envelopeOf(LIMITS.FRAME_BYTES));
    expect(await device.refusal()).toMatchObject({ code: 700, name: "channel_unknown" });
    device.socket.halves(envelopeOf(LIMITS.FRAME_BYTES));
    expect(await device.refusal()).toMatchObject({ code: 700, name: "channel_unknown" });
    device.socket.destroy();
  });

  it("unknown frames, slots and apps", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
    const { socket } = device;
    // A union whose only field is number 100, an empty struct.
    const unknown = Uint8Array.of(0x0c, 0xc8, 0x01, 0, 0);
    socket.binary(encodeEnvelope({ channel: 1, body: unknown }));
    expect(await device.refusal()).toMatchObject({ code: 701, name: "frame_unknown" });
    socket.binary(encodeEnvelope({ channel: 0, body: unknown }));
    expect(await device.refusal()).toMatchObject({ code: 701, name: "frame_unknown" });
    for (const slot of [7, -1, 2 ** 31 - 1]) {
      socket.binary(push({ kind: "unregister", value: { request: 5, slot } }));
      expect(await device.refusal()).toMatchObject({ name: "slot_unknown", request: 5 });
    }
    const { appId } = bystander().app;
    const last = appId.endsWith("A") ? "B" : "A";
    const forged = ["", "x", appId.slice(0, -1), `${appId}A`, appId.slice(0, -1) + last];
    for (const wrong of [...forged, "a".repeat(60_000)]) {
      socket.binary(push({ kind: "register", value: { request: 6, appId: wrong } }));
      expect(await device.refusal()).toMatchObject({ name: "app_unknown", request: 6 });
    }
    expect((await device.register(appId)).slot).toBeGreaterThan(0);
    socket.destroy();
  });

  it("P8.3 a flood of commands is cut", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
    const attach = push({ kind: "attach", value: { slot: 9 } });
    for (let i = 0; i < 2_000; i++) device.socket.binary(attach);
    expect(closeCodes(4005)).toContain((await device.socket.close()).code);
  });

  it("P8.3 a device with too many commands is slowed, then cut with 4005", async () => {
    const device = await RawDevice.greet(bystander().mesh.url);
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

it("P8.3 a device that acknowledges each message of a full mailbox by itself is not cut", async () => {
  const { mesh, app, sender } = bystander();
  const account = await new RawAccount().open(mesh.url);
  const before = await RawDevice.greet(mesh.url, account);
  const { slot, regId } = await before.register(app.appId);
  before.socket.destroy();
  const send = () => sender.send({ to: regId, data: "x" }, { wait: 1 });
  for (let sent = 0; sent < LIMITS.MAILBOX_MESSAGES; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, send));
  }
  const device = await RawDevice.greet(mesh.url, account, [slot]);
  for (let seen = 0; seen < LIMITS.MAILBOX_MESSAGES; ) {
    const frame = await device.next();
    if (frame.kind !== "deliver") continue;
    for (const { priority, seq } of frame.value.messages) {
      device.socket.binary(push({ kind: "acks", value: [{ slot, priority, seq }] }));
      seen++;
    }
  }
  device.socket.binary(echo(Uint8Array.of(1)));
  expect((await device.socket.next()).kind).toBe("binary");
  device.socket.destroy();
});

it("P8.3 a flood of frames that no channel takes is cut", async () => {
  const device = await RawDevice.greet(bystander().mesh.url);
  const frame = clientFrame(2, encodeEnvelope({ channel: 99, body: new Uint8Array() }));
  void device.socket.bytes(Buffer.concat(Array.from({ length: 20_000 }, () => frame)));
  expect(closeCodes(4005)).toContain((await device.socket.close()).code);
});

it("L2 a link that says nothing is closed with 4001 after 10 s", async () => {
  // Before the mesh begins to count: a busy client learns late that it was let in.
  const openedAt = Date.now();
  const device = await RawDevice.open(bystander().mesh.url);
  expect(await device.socket.close()).toMatchObject({ code: 4001 });
  expect(Date.now() - openedAt).toBeGreaterThan(LIMITS.HELLO_TIMEOUT_MS - 500);
});

it("P8.3 a device that does not read is closed with 4002, and its messages wait", async () => {
  const device = await RawDevice.greet(bystander().mesh.url);
  const { slot, regId } = await device.register(bystander().app.appId);
  // It acknowledges what it never looked at, so that nothing but its socket's buffer bounds what is sent.
  const acks = push({ kind: "acks", value: [{ slot, priority: 2, seq: Number.MAX_SAFE_INTEGER }] });
  device.socket.pause();
  const timer = setInterval(() => device.socket.binary(acks), ACK_EVERY_MS);
  const data = "x".repeat(LIMITS.DATA_BYTES);
  const cut = async (): Promise<boolean> => {
    const sends = Array.from({ length: 64 }, () =>
      bystander().sender.send({ to: regId, data }, { wait: WAIT_SECONDS }),
    );
    const answers = await Promise.all(sends);
    // Nobody else notices.
    const other = await bystander().sender.send({ to: bystander().regId, data: "meanwhile" });
    expect(other.status).toBe("delivered");
    // Only a link that is gone leaves a whole batch to the mailbox at once.
    return answers.every(
      ({ status, tookMs }) => status === "queued" && tookMs < WAIT_SECONDS * 1_000,
    );
  };
  try {
    await until("the end of a link that is not read", cut, 45_000);
  } finally {
    clearInterval(timer);
  }
  device.socket.resume();
  expect(closeCodes(4002)).toContain((await device.socket.close()).code);
});

describe("P7.2 P7.3 from another mesh, or replayed:", () => {
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
    await expect(bystander().sender.send({ to: regId, data: "x" })).rejects.toMatchObject({
      status: 400,
      code: "reg_id_invalid",
    });
    await expect(bystander().sender.status(id)).rejects.toMatchObject({
      status: 400,
      code: "message_id_invalid",
    });
    const stranger = bystander().mesh.sender(foreign);
    await expect(stranger.send({ to: bystander().regId, data: "x" })).rejects.toMatchObject({
      status: 401,
      code: "key_unknown",
    });
  });

  it("credentials close 4100", async () => {
    const account = await new RawAccount().open(other.url);
    const socket = await RawSocket.open(bystander().mesh.url, offer(account.token()));
    expect(await socket.close()).toMatchObject({ code: 4100 });
  });

  it("headers that the edge sets are ignored if a client sends them", async () => {
    const socket = await RawSocket.open(bystander().mesh.url, offer("x.y.z"), {
      "x-pushmesh-device": "AAAAAAAAAAAAAAAAAAAAAA",
      "x-pushmesh-generation": "1",
      "x-pushmesh-key": "A".repeat(43),
      "x-pushmesh-jti": "12345678",
      "x-pushmesh-exp": "9999999999",
    });
    expect(await socket.close()).toMatchObject({ code: 4100 });
  });

  it("P7.3 a connect token opens one link, also if the mesh was killed in between, once something is registered", async () => {
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
