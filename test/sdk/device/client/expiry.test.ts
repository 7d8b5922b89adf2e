/** The device SDK against a scripted mesh: messages whose time is over. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, listening as listeningOn } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const listening = () => listeningOn(mesh);

describe("messages whose time is over", () => {
  /** A device whose handler takes what it is given once `open` is called. */
  async function busy() {
    const { open, opened } = gate();
    const device = await listening();
    const calls: unknown[] = [];
    device.client.onMessage(async ({ data }) => {
      calls.push(data);
      await opened;
    });
    return { ...device, calls, open };
  }
  const discarded = () => mesh.socket.acks.flatMap(({ discarded = [] }) => discarded);

  it("P4.1 a message whose handler always throws is discarded when its time is over, and no sooner", async () => {
    const { client } = await listening();
    client.onMessage(() => {
      throw new Error("never");
    });
    const message = mesh.message("a", { remainingMs: 5_000 });
    mesh.socket.deliver(message);
    await settle();
    await mesh.clock.advance(4_999);
    expect(mesh.socket.acks).toEqual([]);
    await mesh.clock.advance(1);
    const { slot, priority, seq } = message;
    expect(mesh.socket.acks).toEqual([{ slot, priority, seq, discarded: [seq] }]);
    await client.close();
  });

  it("P4.1 a message behind a busy handler is discarded, and the one that the handler took is not", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.message("1"), mesh.message("2", { remainingMs: 2_000 })];
    mesh.socket.deliver(first, second);
    await settle();
    await mesh.clock.advance(3_000);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === second.seq), "the ack");
    expect(calls).toEqual(["1"]);
    expect(discarded()).toEqual([second.seq]);
    await client.close();
  });

  it("P4.3 a withdrawn message behind a busy handler is discarded at once, before its turn", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.message("1"), mesh.message("2")];
    mesh.socket.deliver(first, second);
    await settle();
    for (const { key } of [first, second]) {
      mesh.socket.push({ kind: "withdraw", value: { slot: 0, key } });
    }
    await settle();
    expect(mesh.socket.acks).toMatchObject([{ seq: 0, discarded: [second.seq] }]);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === second.seq), "the ack");
    expect(calls).toEqual(["1"]);
    expect(new Set(discarded())).toEqual(new Set([second.seq]));
    await client.close();
  });

  it("P4.6 a message that is sent for its answer alone is acknowledged if it was shown, and discarded if not", async () => {
    const { client, texts } = await listening();
    const [taken, missed] = [mesh.message("taken"), mesh.message("missed", { remainingMs: 0 })];
    mesh.socket.deliver(taken);
    await settle();
    const again = mesh.message("taken", { key: taken.key, remainingMs: 0 });
    mesh.socket.deliver(again, { ...missed, seq: again.seq + 1 });
    await settle();
    expect(texts()).toEqual(["taken"]);
    expect(discarded()).toEqual([again.seq + 1]);
    await client.close();
  });

  it("B15 a broadcast whose time is over is discarded by its cursor", async () => {
    const { client, calls, open } = await busy();
    const [first, second] = [mesh.broadcast("1"), mesh.broadcast("2", { remainingMs: 1_000 })];
    mesh.socket.broadcast(first, second);
    await settle();
    await mesh.clock.advance(1_500);
    open();
    const cursors = () =>
      mesh.socket.frames.flatMap((frame) => (frame.kind === "cursors" ? frame.value : []));
    await until(() => cursors().some(({ position }) => position === 2), "the cursor");
    expect(calls).toEqual(["1"]);
    expect(cursors().flatMap(({ discarded = [] }) => discarded)).toEqual([2]);
    await client.close();
  });

  it.each([
    ["the device's clock forth", 0, 15_000],
    ["the device's clock back", 0, -3_600_000],
    ["the device's clock far forth", 0, 3_600_000],
    ["the mesh's clock back", -15_000, 0],
    ["the mesh's clock forth", 3_600_000, 0],
    ["the mesh's clock back and the device's forth", -10_000, 15_000],
  ])("P1.6 %s: nothing that has time left is lost", async (_, meshMs, deviceMs) => {
    const { client, texts } = await listening();
    mesh.skewMs += meshMs;
    mesh.deviceSkewMs += deviceMs;
    const message = mesh.message("a", { expiresAtMs: mesh.now() + 5_000, remainingMs: 5_000 });
    mesh.socket.deliver(message);
    await settle();
    expect(texts()).toEqual(["a"]);
    expect(discarded()).toEqual([]);
    expect(mesh.sockets).toHaveLength(1);
    await client.close();
  });
});
