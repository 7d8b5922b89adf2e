/** Sealed frames between the SDK and a real mesh, through a push service that keeps every byte it carries. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  defaultHost,
  type Host,
  memoryStorage,
  openClient,
  type PushError,
  type PushMessage,
  type PushService,
  type Storage,
  startService,
} from "../../../sdk/device/mod.ts";
import { connect, fileStorage } from "../../../sdk/device/node.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
import { temporaryFolder } from "../support/process.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("sealed");
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);

/** A host that keeps what passes its sockets. */
function recording(): { readonly host: Host; readonly text: () => string } {
  const host = defaultHost();
  const all: Uint8Array[] = [];
  const keep = (data: string | Uint8Array) => {
    if (typeof data !== "string") all.push(data.slice());
  };
  const openSocket: Host["openSocket"] = (url, protocols, events) => {
    const received = (data: string | Uint8Array) => {
      keep(data);
      events.received(data);
    };
    const socket = host.openSocket(url, protocols, { ...events, received });
    return {
      close: (code, reason) => socket.close(code, reason),
      send: (data) => {
        keep(data);
        socket.send(data);
      },
    };
  };
  const text = () => all.map((bytes) => Buffer.from(bytes).toString("latin1")).join("\n");
  return { host: { ...host, openSocket }, text };
}

async function service(host: Host, storage = memoryStorage()): Promise<PushService> {
  const started = await startService({ url: mesh.url, storage, host });
  onTestFinished(() => started.close());
  return started;
}

/** A client of a shared service that keeps what it gets. */
async function clientOf(
  { openPort }: PushService,
  host: Host,
  { appId } = app,
  storage: Storage = memoryStorage(),
  grant?: () => Promise<string>,
) {
  const options = { appId, port: openPort(), storage, host, grant };
  const client = await openClient({ ...options, url: mesh.url, sealed: true });
  onTestFinished(() => client.close());
  const got: PushMessage[] = [];
  const errors: PushError[] = [];
  const lost: string[] = [];
  client.onError((error) => errors.push(error));
  client.onAliasLost((alias) => lost.push(alias));
  client.onMessage((message) => {
    got.push(message);
  });
  return { client, got, errors, lost, storage, regId: await client.register() };
}

test("S25 of two apps on one service, nothing passes it in the clear, and each gets its own", async () => {
  const { host, text } = recording();
  const shared = await service(host);
  const other = await mesh.app("sealed-other");
  await mesh.admin().setPolicy(other.appId, { register: "granted" });
  const grants: string[] = [];
  const grant = async () => {
    grants.push(await mesh.sender(other).grant());
    return grants.at(-1) ?? "";
  };
  const first = await clientOf(shared, host);
  const second = await clientOf(shared, host, other, memoryStorage(), grant);
  for (const [one, sender] of [
    [first, mesh.sender(app)],
    [second, mesh.sender(other)],
  ] as const) {
    const sent = await sender.send({ to: one.regId, data: { hidden: "hidden-data" } });
    expect(sent.status).toBe("delivered");
    await sender.send({ to: one.regId, data: "hidden-text", collapseKey: "hidden-key" });
    await comes("both messages", () => one.got.length === 2);
    expect(one.got.map(({ data }) => data)).toEqual([{ hidden: "hidden-data" }, "hidden-text"]);
  }
  const { client } = first;
  await client.setAlias("hidden-alias");
  await client.subscribe(["hidden-tag", "hidden-tag-2"]);
  await client.setAttributes({ custom: { hidden: "hidden-value" } });
  const described = await client.describe();
  expect(described.aliases).toEqual(["hidden-alias"]);
  expect(described.tags.toSorted()).toEqual(["hidden-tag", "hidden-tag-2"]);
  await mesh.sender(app).broadcast({ to: { tag: "hidden-tag" }, data: "hidden-broadcast" });
  await comes("the broadcast", () => first.got.length === 3);
  // The alias goes to another registration.
  const third = await clientOf(await service(host), host);
  await third.client.setAlias("hidden-alias");
  await comes("the loss of the alias", () => first.lost.length === 1);
  await client.unregister();
  expect(text()).not.toContain("hidden");
  expect(grants).toHaveLength(1);
  expect(text()).not.toContain(grants[0]?.split(".")[1]);
  expect(text()).toContain(app.appId);
  expect([...first.errors, ...second.errors, ...third.errors]).toEqual([]);
});

test("S26 S28 messages are shown once and in order over restarts of the SDK and kills of the mesh", async () => {
  const storage = fileStorage(temporaryFolder());
  const shown: unknown[] = [];
  const errors: unknown[] = [];
  const on = async () => {
    const client = await connect({ url: mesh.url, appId: app.appId, storage, sealed: true });
    client.onError((error) => errors.push(error));
    client.onMessage(({ data }) => {
      shown.push(data);
    });
    onTestFinished(() => client.close());
    return client;
  };
  const server = mesh.sender(app);
  const first = await on();
  const to = await first.register();
  await first.subscribe("sealed-news");
  await server.send({ to, data: "0" });
  await first.close();
  await server.send({ to, data: "1" });
  await server.broadcast({ to: { tag: "sealed-news" }, data: "b" });
  const second = await on();
  await comes("what was queued", () => shown.length === 3);
  await server.send({ to, data: "2" });
  await mesh.kill("machine");
  second.reconnectNow();
  await comes("the next link", () => second.state === "connected");
  expect((await server.send({ to, data: "3" })).status).toBe("delivered");
  expect(await second.describe()).toEqual({ tags: ["sealed-news"], aliases: [] });
  await comes("all", () => shown.length === 5);
  expect(shown.filter((data) => data !== "b")).toEqual(["0", "1", "2", "3"]);
  expect(errors).toEqual([]);
  await second.close();
});

test("S27 the service that holds the link ends or changes nothing of a sealed registration", async () => {
  const host = defaultHost();
  const shared = await service(host);
  const device = await clientOf(shared, host);
  await device.client.setAlias("mine");
  await device.client.close();
  // As a service would: it has the account and the link, and the secret of the port, but not the key.
  const port = shared.openPort();
  const answers: { kind: string; request?: number }[] = [];
  port.onmessage = ({ data }) => {
    answers.push(data);
  };
  const secret = String(await device.storage.get(`app/${app.appId}/port`));
  port.postMessage({ kind: "open", appId: app.appId, secret, lastSeq: 0, cursors: [] });
  port.postMessage({ kind: "unregister", request: 1 });
  await comes("the question", () => answers.some(({ kind }) => kind === "seal"));
  port.postMessage({
    kind: "sealed",
    wireRequest: Number(wireOf(answers)),
    epoch: 1,
    number: 1,
    body: new Uint8Array(60),
  });
  await until("nothing more", () => true, 1_000);
  port.postMessage({ kind: "leave" });
  const again = await clientOf(shared, host, app, device.storage);
  expect(again.regId).toBe(device.regId);
  expect((await again.client.describe()).aliases).toEqual(["mine"]);
  expect((await mesh.sender(app).send({ to: device.regId, data: "x" })).status).toBe("delivered");
});

const wireOf = (answers: readonly object[]) =>
  answers.flatMap((one) => ("wireRequest" in one ? [one.wireRequest] : [])).at(-1);

test("S28 a registration of an app that did not seal gets a key, and what is queued arrives once", async () => {
  const storage = memoryStorage();
  const options = { url: mesh.url, appId: app.appId, storage };
  const plain = await connect({ ...options, sealed: false });
  const to = await plain.register();
  await plain.close();
  const server = mesh.sender(app);
  for (const data of ["0", "1", "2"]) await server.send({ to, data });
  const { host, text } = recording();
  const sealed = await connect({ ...options, host, sealed: true });
  onTestFinished(() => sealed.close());
  const shown: unknown[] = [];
  sealed.onMessage(({ data }) => {
    shown.push(data);
  });
  await comes("what was queued", () => shown.length === 3);
  const epochs = async () => String(await storage.get(`app/${app.appId}/epochs`));
  await comes("the key", async () => (await epochs()).includes('"isSealed":true'));
  await sealed.setAlias("hidden-later");
  await server.send({ to, data: "hidden-3" });
  await comes("the next", () => shown.length === 4);
  expect(shown).toEqual(["0", "1", "2", "hidden-3"]);
  expect(text()).not.toContain("hidden");
  expect(sealed.regId).toBe(to);
});
