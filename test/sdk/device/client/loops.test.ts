/** The device SDK against a scripted mesh: loops over messages, and clients of a block. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

async function registered() {
  const device = await start(mesh);
  await device.client.register();
  return device;
}

const listens = () => until(() => mesh.socket.attached.size === 1, "the attach");
const leaves = () => until(() => mesh.socket.attached.size === 0, "the detach");
const acknowledged = () => mesh.socket.acks.map(({ seq }) => seq);
const ended = (seq: number) => until(() => acknowledged().includes(seq), "the acknowledgement");

describe("for await", () => {
  it("E4 a message is acknowledged when the loop asks for the next one", async () => {
    const { client } = await registered();
    const messages = client.messages();
    const first = messages.next();
    await listens();
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    mesh.socket.deliver(a, b);
    expect((await first).value).toMatchObject({ data: "a" });
    await settle();
    expect(acknowledged()).toEqual([]);
    const second = messages.next();
    await ended(a.seq);
    expect((await second).value).toMatchObject({ data: "b" });
    await settle();
    expect(acknowledged()).not.toContain(b.seq);
    const third = messages.next();
    await ended(b.seq);
    await client.close();
    expect(await third).toEqual({ value: undefined, done: true });
  });

  it("E4 what it leaves by break or an exception is not acknowledged, and goes to the next handler", async () => {
    const { client } = await registered();
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    void listens().then(() => mesh.socket.deliver(a, b));
    for await (const { data } of client.messages()) {
      expect(data).toBe("a");
      break;
    }
    await leaves();
    await settle();
    expect(acknowledged()).toEqual([]);
    const failing = (async () => {
      for await (const { data } of client.messages()) throw new Error(`cannot take ${data}`);
    })();
    await listens();
    mesh.socket.deliver({ ...a, replay: true }, { ...b, replay: true });
    await expect(failing).rejects.toThrow("cannot take a");
    await leaves();
    await settle();
    expect(acknowledged()).toEqual([]);
    const got: unknown[] = [];
    client.onMessage(({ data }) => void got.push(data));
    await listens();
    mesh.socket.deliver({ ...a, replay: true }, { ...b, replay: true });
    await ended(b.seq);
    expect(got).toEqual(["a", "b"]);
    await client.close();
  });

  it("E4 a handler that is added when the loop ends gets the message at once", async () => {
    const { client } = await registered();
    const messages = client.messages();
    const first = messages.next();
    await listens();
    const a = mesh.message("a");
    mesh.socket.deliver(a);
    await first;
    const got: unknown[] = [];
    client.onMessage(({ data }) => void got.push(`two ${data}`));
    await messages.return();
    await ended(a.seq);
    expect(got).toEqual(["two a"]);
    await client.close();
  });

  it("E4 beside another handler, a message that the loop leaves by break is acknowledged once the other has handled it", async () => {
    const { client } = await registered();
    const got: unknown[] = [];
    const { open, opened } = gate();
    client.onMessage(async ({ data }) => {
      got.push(data);
      await opened;
    });
    const [a, b] = [mesh.message("a"), mesh.message("b")];
    void listens().then(() => mesh.socket.deliver(a, b));
    for await (const { data } of client.messages()) {
      expect(data).toBe("a");
      break;
    }
    await settle();
    expect(acknowledged()).toEqual([]);
    open();
    await ended(b.seq);
    expect(got).toEqual(["a", "b"]);
    const later: unknown[] = [];
    client.onMessage(({ data }) => void later.push(data));
    await settle();
    expect(later).toEqual([]);
    await client.close();
  });

  it("E4 messages of all priorities come one at a time", async () => {
    const { client } = await registered();
    const messages = client.messages();
    const first = messages.next();
    await listens();
    const all = ([1, 2, 3] as const).map((priority) => mesh.message(`p${priority}`, { priority }));
    mesh.socket.deliver(...all);
    const got = [(await first).value?.data];
    await settle();
    expect(acknowledged()).toEqual([]);
    for (let i = 0; i < 2; i++) got.push((await messages.next()).value?.data);
    await messages.return();
    expect(got.sort()).toEqual(["p1", "p2", "p3"]);
    await until(() => acknowledged().length === 2, "two acknowledgements");
    await client.close();
  });

  it("E4 a signal ends it with its reason, after the message at work was acknowledged", async () => {
    const { client } = await registered();
    const abort = new AbortController();
    const a = mesh.message("a");
    void listens().then(() => mesh.socket.deliver(a, mesh.message("b")));
    const loop = async () => {
      for await (const _ of client.messages({ signal: abort.signal }))
        abort.abort(new Error("enough"));
    };
    await expect(loop()).rejects.toThrow("enough");
    await ended(a.seq);
    expect(acknowledged()).toEqual([a.seq]);
    await client.close();
  });

  it("E4 a handler that begins and ends while a loop lets go leaves the mesh in no doubt", async () => {
    const { client } = await registered();
    const messages = client.messages();
    const first = messages.next();
    await listens();
    const a = mesh.message("a");
    mesh.socket.deliver(a);
    await first;
    await messages.return();
    const next = client.once();
    expect(await next).toMatchObject({ data: "a" });
    await ended(a.seq);
    const detaches = mesh.socket.frames.filter(({ kind }) => kind === "detach");
    expect(detaches).toHaveLength(1);
    await client.close();
  });
});

it("E5 a block that declares it with await using closes it", async () => {
  const socket = await (async () => {
    await using device = await (async () => {
      const { client } = await registered();
      return client;
    })();
    expect(device.state).toBe("connected");
    return mesh.socket;
  })();
  expect(socket.closedBy).toEqual({ by: "device", code: 1000 });
});

it("E6 the state is known at any time, with its reason and the time of the next attempt", async () => {
  const { client, states } = await registered();
  expect(client.status).toMatchObject({ state: "connected" });
  mesh.socket.end(1006);
  await until(() => client.state === "waiting", "the wait");
  const { error, retryInMs = 0, retryAt } = client.status;
  expect(error?.code).toBe("link_lost");
  expect(retryInMs).toBeGreaterThan(0);
  expect(retryAt).toBe(mesh.host.now() + retryInMs);
  expect(client.status).toEqual(states.at(-1));
  await mesh.clock.advance(retryInMs);
  await mesh.link(2);
  await until(() => client.state === "connected", "the link");
  expect(client.status.retryAt).toBeUndefined();
  await client.close();
});
