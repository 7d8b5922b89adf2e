/** A mesh whose keys are changed: devices and app servers go on, and whoever kept a regId may go on with it. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, fileStorage, type MessageHandler, type Storage } from "../../sdk/device/node.ts";
import type { PushClient } from "../../sdk/device/push-client.ts";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import { PushServer } from "../../sdk/server/push-server.ts";
import { demoOf, type Mesh, readJson, startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

const portOf = ({ url }: Mesh): number => Number(new URL(url).port);
const newKey = (kid: number): string => `${kid}:${randomBytes(32).toString("base64url")}`;

/** Ends the mesh, as hard as it can end. */
async function kill({ process }: Mesh): Promise<void> {
  process.kill("SIGKILL");
  await process.exited;
}

/** Starts a mesh that has ended on its port again, with other keys. */
function restartWith(mesh: Mesh, change: (meshKeys: string) => string): Promise<Mesh> {
  const file = join(mesh.data, "secrets.json");
  const secrets = readJson(file) as { readonly meshKeys: string };
  writeFileSync(file, JSON.stringify({ ...secrets, meshKeys: change(secrets.meshKeys) }));
  return startMesh(mesh.data, portOf(mesh));
}

/** Puts a key in front. */
const rotate = (mesh: Mesh, kid: number): Promise<Mesh> =>
  restartWith(mesh, (keys) => `${newKey(kid)},${keys}`);

interface Renaming {
  readonly regId: string;
  readonly isNew: boolean;
}

/** An app on a device, which keeps what it was shown and told. */
class Phone {
  readonly shown: unknown[] = [];
  readonly told: Renaming[] = [];
  readonly client: PushClient;

  private constructor(client: PushClient) {
    this.client = client;
    client.onRegId((regId, isNew) => this.told.push({ regId, isNew }));
    onTestFinished(() => client.close());
  }

  static async on(mesh: Mesh, storage: Storage, onShown: MessageHandler = () => {}) {
    const phone = new Phone(
      await connect({ url: mesh.url, appId: demoOf(mesh.data).appId, storage }),
    );
    phone.client.onMessage((message) => {
      phone.shown.push(message.data);
      return onShown(message);
    });
    return phone;
  }

  async hasShown(...data: readonly string[]): Promise<void> {
    await expect
      .poll(() => this.shown.length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(data.length);
    expect(this.shown).toEqual(data);
  }

  /** The `count`th regId that it is told of. */
  async regId(count: number): Promise<Renaming> {
    this.client.reconnectNow();
    await expect.poll(() => this.told.length, { timeout: 30_000 }).toBe(count);
    return this.told.at(-1) as Renaming;
  }
}

function serverOf({ url, data }: Mesh): PushServer {
  const { keyId, secret } = demoOf(data);
  return new PushServer({ url, keyId, key: secret });
}

/** The demo app's server, with an HMAC key. */
async function hmacServerOf({ url, data }: Mesh): Promise<PushServer> {
  const { adminToken } = readJson(join(data, "secrets.json")) as { readonly adminToken: string };
  const admin = new MeshAdmin({ url, token: adminToken });
  const { appId } = demoOf(data);
  const { keyId, secret = "" } = await admin.createKey(appId, { algorithm: "hmac-sha256" });
  return new PushServer({ url, keyId, key: secret });
}

test("P2.1 P7.9 a kill before an acknowledgement and other keys at the start show nothing twice, and end nothing", async () => {
  const mesh = await startMesh(temporaryFolder());
  const server = serverOf(mesh);
  const storage = fileStorage(temporaryFolder());
  const before = await Phone.on(mesh, storage);
  const old = await before.client.register();
  expect(before.told).toEqual([{ regId: old, isNew: true }]);
  await before.client.setAlias("user-17");
  await before.client.subscribe("news");
  await server.broadcast({ to: { tag: "news" }, data: "b0" });
  await before.hasShown("b0");
  await before.client.close();

  const asked = { to: old, data: "m0" };
  const first = await server.send(asked, { idempotencyKey: "m0" });
  expect(first.status).toBe("queued");
  await server.broadcast({ to: { tag: "news" }, data: "b1" });
  const phone = await Phone.on(mesh, storage, async ({ data }) => {
    if (data === "m0") await kill(mesh);
  });
  await mesh.process.exited;
  await rotate(mesh, 7);

  const { regId, isNew } = await phone.regId(1);
  expect(regId).not.toBe(old);
  expect(isNew).toBe(false);
  expect(phone.client.regId).toBe(regId);
  await phone.hasShown("m0", "b1");
  expect(await phone.client.describe()).toEqual({ tags: ["news"], aliases: ["user-17"] });
  // Whoever still has the old regId, and who has the new one.
  for (const [data, to] of [
    ["m1", old],
    ["m2", regId],
    ["m3", old],
    ["m4", regId],
  ] as const) {
    expect((await server.send({ to, data })).status).toBe("delivered");
  }
  await server.send({ to: { alias: "user-17" }, data: "m5" });
  await server.broadcast({ to: { tag: "news" }, data: "b2" });
  await phone.hasShown("m0", "b1", "m1", "m2", "m3", "m4", "m5", "b2");
  expect(phone.told).toHaveLength(1);

  // A question by the ID from before, a retry of the request, and one that names the registration anew.
  expect((await server.status(first.id)).status).toBe("delivered");
  expect(await server.send(asked, { idempotencyKey: "m0" })).toMatchObject({
    id: first.id,
    status: "delivered",
  });
  const renamed = await server.send({ ...asked, to: regId }, { idempotencyKey: "m0" });
  expect(renamed.status).toBe("delivered");
  expect(renamed.id).toBe(first.id.replace(old, regId));
  for (const name of [old, regId]) {
    expect(await server.registration(name)).toMatchObject({
      regId: name,
      tags: ["news"],
      aliases: ["user-17"],
    });
  }
  // By either name it is in a tag once.
  await server.tags.add("sports", [old, regId]);
  await server.broadcast({ to: { tag: "sports" }, data: "b3" });
  await phone.hasShown("m0", "b1", "m1", "m2", "m3", "m4", "m5", "b2", "b3");
  await server.tags.remove("sports", [old]);
  expect((await server.registration(regId)).tags).toEqual(["news"]);
  await phone.client.close();
  const again = await Phone.on(mesh, storage);
  expect(await again.client.register()).toBe(regId);
  await server.send({ to: old, data: "m6" });
  await again.hasShown("m6");
  expect(again.told).toEqual([]);
  expect(phone.shown).toHaveLength(9);
});

test("P7.9 keys are changed twice, in one step and in two, and a key between is taken out", async () => {
  let mesh = await startMesh(temporaryFolder());
  // Its secret is sealed with the keys that are changed.
  const server = await hmacServerOf(mesh);
  const phone = await Phone.on(mesh, fileStorage(temporaryFolder()));
  const first = await phone.client.register();
  await phone.client.setAlias("user-17", { shared: true });
  const restart = async (change: (meshKeys: string) => string) => {
    await kill(mesh);
    mesh = await restartWith(mesh, change);
    phone.client.reconnectNow();
  };
  const [between, last] = [newKey(7), newKey(9)];
  await restart((keys) => `${between},${keys}`);
  const second = (await phone.regId(2)).regId;
  // Every process of the mesh can open what the next key seals before any of them seals with it.
  await restart((keys) => `${last};accept,${keys}`);
  expect(await phone.client.describe()).toEqual({ tags: [], aliases: ["user-17"] });
  expect(phone.told).toHaveLength(2);
  for (const to of [first, second]) {
    expect((await server.send({ to, data: "by name" })).status).toBe("delivered");
  }
  await restart((keys) => keys.replace(";accept", ""));
  const third = (await phone.regId(3)).regId;
  expect(new Set([first, second, third]).size).toBe(3);
  // What it uses is sealed with the last key from then on: the one between may go.
  expect((await server.send({ to: second, data: "by name" })).status).toBe("delivered");
  await restart((keys) => keys.replace(`,${between}`, ""));
  expect(phone.told.map(({ isNew }) => isNew)).toEqual([true, false, false]);
  expect(await phone.client.describe()).toEqual({ tags: [], aliases: ["user-17"] });
  for (const to of [first, third]) {
    expect((await server.send({ to, data: "by name" })).status).toBe("delivered");
  }
  await expect(server.send({ to: second, data: "x" })).rejects.toMatchObject({
    code: "reg_id_invalid",
  });
  expect(phone.shown).toHaveLength(5);
});

test("P7.4 P7.9 an unregister that was asked for before the keys were changed ends the registration", async () => {
  const mesh = await startMesh(temporaryFolder());
  const server = serverOf(mesh);
  const phone = await Phone.on(mesh, fileStorage(temporaryFolder()));
  const old = await phone.client.register();
  await kill(mesh);
  const ended = phone.client.unregister();
  await rotate(mesh, 7);
  phone.client.reconnectNow();
  await ended;
  expect(phone.client.regId).toBeUndefined();
  expect(phone.told).toHaveLength(1);
  await expect(server.send({ to: old, data: "x" })).rejects.toMatchObject({ code: "unregistered" });
  const next = await phone.client.register();
  expect(phone.told.at(-1)).toEqual({ regId: next, isNew: true });
  expect((await server.send({ to: next, data: "y" })).status).toBe("delivered");
  expect(phone.shown).toEqual(["y"]);
});
