/** The device SDK against a scripted mesh that misbehaves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CHANNEL_PUSH,
  encodeEnvelope,
  encodePushDown,
  type Message,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, reaches, start } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
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
  ])("with %s is disconnected with 4202, and connected again", async (_, break_) => {
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

  it("with a frame before its welcome is disconnected", async () => {
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

  it("P8 with more messages than its window allows is disconnected", async () => {
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
