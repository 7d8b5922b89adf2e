/** The device SDK against a scripted mesh: handlers that run while the client closes, or do not end. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, listening as listeningOn, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const listening = () => listeningOn(mesh);

describe("closing", () => {
  it("waits for the handler that runs, acknowledges what it took, and hands over no more", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      return opened;
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message, mesh.message("b"));
    await until(() => calls.length === 1, "the handler");
    const closed = client.close();
    await settle();
    expect(mesh.socket.closedBy).toBeUndefined();
    open();
    await closed;
    expect(calls).toEqual(["a"]);
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 2, seq: message.seq }]);
    expect(mesh.socket.closedBy).toEqual({ by: "device", code: 1000 });
    expect(mesh.clock.pending).toEqual([]);
    expect(mesh.online).toBeUndefined();
  });
});

describe("handlers that do not end", () => {
  it("P1.1 await close() inside a handler resolves, and what the handler took is acknowledged", async () => {
    const { client } = await listening();
    let closed = false;
    client.onMessage(async () => {
      await client.close();
      closed = true;
    });
    const { socket } = mesh;
    const message = mesh.message("a");
    socket.deliver(message);
    await until(() => closed, "the handler");
    await until(() => socket.acks.some(({ seq }) => seq === message.seq), "the acknowledgement");
    await until(() => client.state === "closed", "the end");
    expect(mesh.clock.pending).toEqual([]);
  });

  it("P1.1 the same after an await in the handler, within 5 s", async () => {
    const { client } = await listening();
    let closed = false;
    client.onMessage(async () => {
      await settle();
      await client.close();
      closed = true;
    });
    const { socket } = mesh;
    const message = mesh.message("a");
    socket.deliver(message);
    await settle();
    await settle();
    await mesh.clock.advance(5_000);
    await until(() => closed, "the handler");
    await until(() => socket.acks.some(({ seq }) => seq === message.seq), "the acknowledgement");
    await until(() => client.state === "closed", "the end");
  });

  it("P1.1 close() leaves a handler that never ends, and its message unacknowledged", async () => {
    const { client } = await listening();
    client.onMessage(() => new Promise(() => {}));
    const { socket } = mesh;
    socket.deliver(mesh.message("a"));
    await settle();
    const closed = client.close();
    await mesh.clock.advance(5_000);
    await closed;
    await mesh.clock.advance(5_000);
    await until(() => client.state === "closed", "the end");
    expect(socket.acks).toEqual([]);
  });

  it("P1.1 a handler that runs for 30 s is reported, once, and its message is kept", async () => {
    const { client, errors } = await listening();
    const { open, opened } = gate();
    client.onMessage(() => opened);
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await settle();
    await mesh.clock.advance(29_999);
    expect(errors).toEqual([]);
    await mesh.clock.advance(120_001);
    expect(errors).toMatchObject([{ code: "handler_stuck", messageId: expect.any(String) }]);
    expect(mesh.socket.acks).toEqual([]);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === message.seq), "the ack");
    await client.close();
  });
});

describe("a link that closes for good", () => {
  it("E4 it ends with the client, and fails with why the link closed for good", async () => {
    const { client } = await start(mesh);
    await client.register();
    const closed = client.messages().next();
    await until(() => mesh.socket.attached.size === 1, "the attach");
    mesh.socket.end(4204, "revision_unsupported: too old");
    await expect(closed).rejects.toMatchObject({ code: "revision_unsupported" });
    await expect(client.messages().next()).rejects.toMatchObject({ code: "revision_unsupported" });
    await client.close();
  });
});
