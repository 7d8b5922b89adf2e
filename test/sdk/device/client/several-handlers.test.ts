/** The device SDK against a scripted mesh: several handlers, and waiting for one message. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ERRORS } from "../../../../schema/errors.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** A client that is registered, and has no handler. */
async function registered() {
  const device = await start(mesh);
  await device.client.register();
  return device;
}

const listens = () => until(() => mesh.socket.attached.size === 1, "the attach");
const ended = (seq: number) =>
  until(() => mesh.socket.acks.some((ack) => ack.seq === seq), "the acknowledgement");

describe("several handlers", () => {
  it("E2 a message is acknowledged when all have handled it", async () => {
    const { client } = await registered();
    const { open, opened } = gate();
    const got: string[] = [];
    client.onMessage(({ data }) => void got.push(`one ${data}`));
    client.onMessage(async ({ data }) => {
      got.push(`two ${data}`);
      await opened;
    });
    await listens();
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => got.length === 2, "both handlers");
    await settle();
    expect(got).toEqual(["one a", "two a"]);
    expect(mesh.socket.acks).toEqual([]);
    open();
    await ended(message.seq);
    await client.close();
  });

  it("E2 those that failed get it again, and the others do not", async () => {
    const { client, errors } = await registered();
    const got: string[] = [];
    let failures = 2;
    client.onMessage(({ data }) => void got.push(`good ${data}`));
    client.onMessage(({ data }) => {
      got.push(`bad ${data}`);
      if (failures-- > 0) throw new Error("no disk");
    });
    await listens();
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    mesh.socket.deliver(a, b);
    await until(() => errors.length === 1, "the error");
    await mesh.clock.advance(1_000);
    await until(() => errors.length === 2, "the second error");
    await mesh.clock.advance(2_000);
    await ended(b.seq);
    expect(got).toEqual(["good a", "bad a", "bad a", "bad a", "good b", "bad b"]);
    expect(errors[1]).toMatchObject({ code: "handler_failed", attempt: 2 });
    expect(errors[1]?.cause).toMatchObject({ message: "no disk" });
    await client.close();
  });

  it("E2 one that is added meanwhile does not get it, unless one that failed has left", async () => {
    const { client, errors } = await registered();
    const got: string[] = [];
    const failing = client.onMessage(({ data }) => {
      got.push(`bad ${data}`);
      throw new Error("no disk");
    });
    const next = client.once();
    await listens();
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    mesh.socket.deliver(a, b);
    expect(await next).toMatchObject({ data: "a" });
    const after = client.once();
    await until(() => errors.length === 1, "the error");
    await mesh.clock.advance(1_000);
    await until(() => errors.length === 2, "the second error");
    failing();
    client.onMessage(({ data }) => void got.push(`its successor ${data}`));
    await mesh.clock.advance(2_000);
    await ended(b.seq);
    expect(got).toEqual(["bad a", "bad a", "its successor a", "its successor b"]);
    await after;
    await client.close();
  });

  it("E2 the error of several that fail names what each has thrown", async () => {
    const { client, errors } = await registered();
    client.onMessage(() => Promise.reject(new Error("no disk")));
    client.onMessage(() => {
      throw new Error("no paper");
    });
    await listens();
    mesh.socket.deliver(mesh.message("a"));
    await until(() => errors.length === 1, "the error");
    const { message } = (errors[0]?.cause ?? new Error()) as Error;
    expect(message.split("; ").sort()).toEqual(["no disk", "no paper"]);
    await client.close();
  });

  it("E2 a function that is added twice is called twice; each is removed by what its call returned", async () => {
    const { client } = await registered();
    const got: unknown[] = [];
    const handler = ({ data }: { data: unknown }) => void got.push(data);
    const removes = [client.onMessage(handler), client.onMessage(handler)];
    await listens();
    mesh.socket.deliver(mesh.message("a"));
    await until(() => got.length === 2, "both calls");
    removes[0]?.();
    removes[0]?.();
    const second = mesh.message("b");
    mesh.socket.deliver(second);
    await ended(second.seq);
    expect(got).toEqual(["a", "a", "b"]);
    removes[1]?.();
    await until(() => mesh.socket.attached.size === 0, "the detach");
    await client.close();
  });
});

describe("a handler that is removed", () => {
  it("E11 while it is at work: its message is acknowledged before the mesh hears that nobody listens", async () => {
    const { client } = await registered();
    const { open, opened } = gate();
    const remove = client.onMessage(() => opened);
    await listens();
    const a = mesh.message("a");
    mesh.socket.deliver(a, mesh.message("b"));
    await settle();
    remove();
    await settle();
    open();
    await until(() => mesh.socket.attached.size === 0, "the detach");
    const kinds = mesh.socket.frames.map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf("attach") + 1)).toEqual(["acks", "detach"]);
    expect(mesh.socket.acks).toMatchObject([{ seq: a.seq }]);
    await client.close();
  });

  it("E11 while it is at work, for longer than 5 s: the mesh hears it before", async () => {
    const { client } = await registered();
    client.onMessage(() => new Promise(() => {}))();
    await settle();
    const remove = client.onMessage(() => new Promise(() => {}));
    await listens();
    mesh.socket.deliver(mesh.message("a"));
    await settle();
    remove();
    await settle();
    await mesh.clock.advance(4_900);
    await settle();
    expect(mesh.socket.attached.size).toBe(1);
    await mesh.clock.advance(200);
    await until(() => mesh.socket.attached.size === 0, "the detach");
    const closed = client.close();
    await mesh.clock.advance(10_000);
    await closed;
  });
});

it("E11 a mesh that takes no more commands is told anew what is attached: it may have refused the Detach before", async () => {
  const { client } = await registered();
  const got: unknown[] = [];
  client.onMessage(({ data }) => void got.push(data));
  await listens();
  const before = mesh.socket.frames.length;
  const { number: code, title: message } = ERRORS.rate_limited;
  const refusal = { code, name: "rate_limited", message, retryAfterMs: 20 };
  for (let n = 0; n < 2; n++) mesh.socket.push({ kind: "refusal", value: refusal });
  const a = mesh.message("a");
  mesh.socket.deliver(a);
  await settle();
  expect(got).toEqual([]);
  await mesh.clock.advance(1_000);
  await until(() => mesh.socket.frames.length === before + 2, "the frames");
  expect(mesh.socket.frames.slice(before).map(({ kind }) => kind)).toEqual(["detach", "attach"]);
  mesh.socket.deliver({ ...a, replay: true }, mesh.message("b"));
  await until(() => got.length === 2, "both");
  expect(got).toEqual(["a", "b"]);
  await client.close();
});

describe("once", () => {
  it("E3 resolves with the next message, and leaves those after it in the mesh", async () => {
    const { client } = await registered();
    const next = client.once();
    await listens();
    const message = mesh.message("a");
    mesh.socket.deliver(message, mesh.message("b"));
    expect(await next).toMatchObject({ data: "a" });
    await ended(message.seq);
    await until(() => mesh.socket.attached.size === 0, "the detach");
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 2, seq: message.seq }]);
    await client.close();
  });

  it("E3 with a filter, others count as handled by it", async () => {
    const { client } = await registered();
    const next = client.once({ filter: ({ data }) => data === "b" });
    await listens();
    const [other, wanted] = [mesh.message("a"), mesh.message("b")];
    mesh.socket.deliver(other, wanted);
    expect(await next).toMatchObject({ data: "b" });
    await ended(wanted.seq);
    await until(() => mesh.socket.attached.size === 0, "the detach");
    const failing = client.once({
      filter: () => {
        throw new Error("no such field");
      },
    });
    await listens();
    mesh.socket.deliver(mesh.message("c"));
    await expect(failing).rejects.toThrow("no such field");
    expect(mesh.socket.acks.at(-1)?.seq).toBe(wanted.seq);
    await client.close();
  });

  it("E3 rejects with the signal's reason, and with client_closed", async () => {
    const { client } = await registered();
    const abort = new AbortController();
    const aborted = client.once({ signal: abort.signal });
    const closed = client.once();
    await listens();
    abort.abort(new Error("too late"));
    await expect(aborted).rejects.toThrow("too late");
    await expect(client.once({ signal: abort.signal })).rejects.toThrow("too late");
    expect(mesh.socket.attached.size).toBe(1);
    await Promise.all([
      expect(closed).rejects.toMatchObject({ code: "client_closed" }),
      client.close(),
    ]);
    await expect(client.once()).rejects.toMatchObject({ code: "client_closed" });
  });
});
