/** Two apps on one push service, of which one tries to speak for the other. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  memoryStorage,
  openClient,
  type PushService,
  type Storage,
  startService,
  type ToClient,
} from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, FakeMesh } from "./fake/mesh.ts";

const OTHER = "B".repeat(22);
let mesh: FakeMesh;

beforeEach(() => {
  mesh = new FakeMesh();
});

afterEach(() => {
  expect(mesh.violations).toEqual([]);
});

const serviceOn = (storage: Storage): Promise<PushService> =>
  startService({ url: "https://push.test", storage, host: mesh.host });

async function app(service: PushService, appId: string, storage: Storage) {
  const port = service.openPort();
  const client = await openClient({ appId, port, storage, host: mesh.host });
  const got: unknown[] = [];
  client.onMessage(({ data }) => {
    got.push(data);
  });
  const errors: string[] = [];
  client.onError(({ code }) => errors.push(code));
  return { client, got, errors };
}

/** A port that says what it likes. */
function strange(service: PushService) {
  const port = service.openPort();
  const got: ToClient[] = [];
  port.onmessage = ({ data }) => {
    got.push(data);
  };
  return { port, got };
}

/** Everything that a port can ask in the name of an app. */
async function triesAll(
  service: PushService,
  appId: string,
  secret: string | undefined,
  slot: number,
) {
  const { port, got } = strange(service);
  const cursor = { slot, tagRef: 7, position: 1_000 };
  port.postMessage({ kind: "open", appId, secret, lastSeq: 2 ** 50, cursors: [cursor] });
  port.postMessage({ kind: "listen", on: true });
  port.postMessage({ kind: "register", isHeld: false, request: 1 });
  port.postMessage({ kind: "describe", request: 2 });
  port.postMessage({ kind: "setAlias", alias: "a", held: true, shared: false, request: 3 });
  port.postMessage({ kind: "unregister", request: 4 });
  port.postMessage({ kind: "ack", link: 1, priority: 2, seq: 1 });
  port.postMessage({ kind: "cursor", link: 1, cursor });
  await settle();
  return { port, got };
}

test("S23 a port without the secret of a registered app is refused, and learns and changes nothing, also after new links and starts of the service", async () => {
  const [devices, storage] = [memoryStorage(), memoryStorage()];
  let service = await serviceOn(devices);
  const first = await app(service, APP, storage);
  const regId = await first.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const [{ slot } = { slot: -1 }] = mesh.registrations;
  await first.client.close();

  const denied = async () => {
    for (const secret of [undefined, "", "x".repeat(43)]) {
      const { got } = await triesAll(service, APP, secret, slot);
      const codes = got.map((one) => (one.kind === "failed" ? one.error.code : one.kind));
      expect(codes).toEqual(Array(5).fill("app_denied"));
    }
  };
  await denied();
  mesh.socket.end(1006);
  await denied();
  mesh.online?.();
  await until(() => mesh.sockets.length === 2 && mesh.socket.hello, "another link");
  await settle();
  await denied();
  service.close();
  service = await serviceOn(devices);
  await denied();
  const bystander = await app(service, OTHER, memoryStorage());
  await bystander.client.register();
  await denied();
  expect(mesh.socket.hello).toMatchObject({ attach: [], cursors: [], lastSeq: 0 });
  const frames = mesh.socket.frames.map(({ kind }) => kind);
  expect(frames).toEqual(["register", "attach"]);
  expect(mesh.registrations[0]).toMatchObject({ regId, slot });

  const again = await app(service, APP, storage);
  await until(() => mesh.socket.attached.has(slot), "the attach");
  mesh.socket.deliver(mesh.message("for the app", { slot }));
  await until(() => again.got.length === 1, "the message");
  expect(again.client.regId).toBe(regId);
  expect(bystander.got).toEqual([]);
  service.close();
});

test("S23 a registered app acknowledges no broadcast of another, nor says that it has them", async () => {
  const service = await serviceOn(memoryStorage());
  const first = await app(service, APP, memoryStorage());
  await first.client.register();
  const [{ slot } = { slot: -1 }] = mesh.registrations;
  const { port, got } = strange(service);
  const cursor = { slot, tagRef: 7, position: 1_000 };
  port.postMessage({ kind: "open", appId: OTHER, secret: "s", lastSeq: 0, cursors: [cursor] });
  port.postMessage({ kind: "register", isHeld: false, request: 1 });
  port.postMessage({ kind: "listen", on: true });
  await until(() => got.some(({ kind }) => kind === "done"), "its registration");
  port.postMessage({ kind: "cursor", link: 1, cursor });
  port.postMessage({ kind: "cursor", link: 1, cursor, discarded: true });
  await settle();
  mesh.socket.broadcast(mesh.broadcast("for the first", { slot }));
  await until(() => first.got.length === 1, "the broadcast");
  await until(() => mesh.socket.cursors.length === 1, "its cursor");
  expect(mesh.socket.cursors).toEqual([{ slot, tagRef: 7, position: 1 }]);
  expect(got.map(({ kind }) => kind)).not.toContain("deliver");
  mesh.socket.end(1006);
  mesh.online?.();
  await until(() => mesh.sockets.length === 2 && mesh.socket.hello, "another link");
  expect(mesh.socket.hello?.cursors).toEqual([{ slot, tagRef: 7, position: 1 }]);
  service.close();
});

test("S23 an app that lost its storage opens again once its registration has ended", async () => {
  const service = await serviceOn(memoryStorage());
  const first = await app(service, APP, memoryStorage());
  await first.client.register();
  await first.client.close();
  const lost = await app(service, APP, memoryStorage());
  await expect(lost.client.register()).rejects.toMatchObject({ code: "app_denied" });
  expect(lost.errors).toEqual(["app_denied"]);
  // As its server removes it.
  mesh.registrations.length = 0;
  mesh.socket.end(1006);
  mesh.online?.();
  await until(() => mesh.sockets.length === 2 && mesh.socket.hello, "another link");
  await settle();
  const again = await app(service, APP, memoryStorage());
  expect(await again.client.register()).toEqual(expect.any(String));
  service.close();
});

test("S23 a registration of an earlier version belongs to the port that opens it first", async () => {
  const [devices, storage] = [memoryStorage(), memoryStorage()];
  let service = await serviceOn(devices);
  const first = await app(service, APP, storage);
  const regId = await first.client.register();
  service.close();
  await settle();
  await devices.delete(`port/${APP}`);
  await storage.delete(`app/${APP}/port`);
  service = await serviceOn(devices);
  const updated = await app(service, APP, storage);
  expect(await updated.client.register()).toBe(regId);
  await updated.client.close();
  const { got } = await triesAll(service, APP, "stranger", 0);
  expect(got.map((one) => one.kind === "failed" && one.error.code)).toContain("app_denied");
  service.close();
});

test("S23 what one app says that it has received is not said for another", async () => {
  const [devices, own, other] = [memoryStorage(), memoryStorage(), memoryStorage()];
  const first = await serviceOn(devices);
  const apps = [await app(first, APP, own), await app(first, OTHER, other)];
  for (const { client } of apps) await client.register();
  await until(() => mesh.socket.attached.size === 2, "both");
  const message = mesh.message("one", { slot: mesh.register(APP).slot });
  mesh.socket.deliver(message);
  await until(() => mesh.socket.acks.length === 1, "its acknowledgement");
  const secret = String(await other.get(`app/${OTHER}/port`));
  for (const { client } of apps) await client.close();
  first.close();

  const service = await serviceOn(devices);
  const again = await app(service, APP, own);
  const { port } = strange(service);
  port.postMessage({ kind: "open", appId: OTHER, secret, lastSeq: 2 ** 50, cursors: [] });
  port.postMessage({ kind: "listen", on: true });
  await until(() => mesh.socket.attached.size === 2, "both again");
  for (const n of [3, 4]) {
    mesh.socket.end(1006);
    mesh.online?.();
    await mesh.link(n);
    await until(() => mesh.socket.attached.size === 2, "both, on the next link");
    // Of the other app the mesh learns nothing in Hello.
    expect(mesh.socket.hello).toMatchObject({
      lastSeq: message.seq,
      attach: [mesh.register(APP).slot],
    });
  }
  await again.client.close();
  service.close();
});
