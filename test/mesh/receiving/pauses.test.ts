/** An app that pauses, and takes messages at times: what its device stores, and what the mesh does with it. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";

/** How long a condition may take on a busy machine. */
const COMES = { timeout: 30_000 };

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("pauses");
  server = new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret });
});

afterAll(() => mesh.stop());

async function phone(storage: Storage = memoryStorage(), sealed = true) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage, sealed });
  onTestFinished(() => client.close());
  client.onError(() => {});
  const shown: unknown[] = [];
  client.onMessage(({ data }) => void shown.push(data));
  return { client, regId: await client.register(), shown };
}

test.each([["sealed"], ["plain"]])(
  "J12 J13 a paused app is shown nothing, also after a restart and a kill, until it resumes: %s",
  async (how) => {
    const storage = memoryStorage();
    const first = await phone(storage, how === "sealed");
    const { regId } = first;
    await first.client.pause();
    expect(await server.send({ to: regId, data: "1" })).toMatchObject({ status: "queued" });
    await first.client.close();
    await mesh.kill("machine");
    const { client, shown } = await phone(storage, how === "sealed");
    expect(await client.deliveryState()).toMatchObject({ paused: true, accept: [] });
    const urgent = { to: regId, data: "2", ignoreQuietHours: true };
    expect(await server.send(urgent)).toMatchObject({ status: "queued" });
    await client.ping();
    expect(shown).toEqual([]);
    await client.resume();
    await expect.poll(() => shown, COMES).toEqual(["1", "2"]);
    expect(first.shown).toEqual([]);
  },
);

test("J12 a pause without a network is stored, and told to the mesh with the next link", async () => {
  const storage = memoryStorage();
  const first = await phone(storage);
  await mesh.halt();
  const paused = first.client.pause().catch(() => {});
  await expect.poll(() => first.client.deliveryState(), COMES).toMatchObject({ paused: true });
  await first.client.close();
  await paused;
  await mesh.start();
  const { client, regId, shown } = await phone(storage);
  await client.ping();
  expect(await server.send({ to: regId, data: "1", ttl: 60 })).toMatchObject({ status: "queued" });
  await client.resume();
  await expect.poll(() => shown, COMES).toEqual(["1"]);
});

test("J15 J16 outside its accept times an app is shown only what ignores quiet hours; senders schedule in its zone", async () => {
  const { client, regId, shown } = await phone();
  const now = new Date();
  // An hour that is as far away as can be.
  const away = `${String((now.getHours() + 12) % 24).padStart(2, "0")}`;
  await client.setAcceptTimes([{ from: `${away}:00`, to: `${away}:30` }]);
  expect(await server.send({ to: regId, data: "waits" })).toMatchObject({ status: "queued" });
  const urgent = { to: regId, data: "urgent", ignoreQuietHours: true };
  await server.send(urgent);
  await expect.poll(() => shown, COMES).toEqual(["urgent"]);
  await client.setAcceptTimes([]);
  await expect.poll(() => shown, COMES).toEqual(["urgent", "waits"]);
  await expect(client.setAcceptTimes([{ from: "8", to: "9" }])).rejects.toMatchObject({
    code: "option_invalid",
  });
});
