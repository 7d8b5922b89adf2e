/** Messages that are sent at a time: through the edge, kills of the mesh, and to a device of the SDK. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage, type PushMessage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";

/** How long a condition may take on a busy machine. */
const COMES = { timeout: 30_000 };
const AHEAD_MS = 3_000;
/** "At most about a second later", on a machine that others use. */
const LATE_MS = 2_000;

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("scheduled");
  server = new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret });
});

afterAll(() => mesh.stop());

/** A device, and what it was shown when. */
async function phone() {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onError(() => {});
  const shown: (PushMessage & { readonly at: number })[] = [];
  client.onMessage((message) => void shown.push({ ...message, at: Date.now() }));
  return { client, regId: await client.register(), shown };
}

test("J1 J10 a message is shown at its time, under the ID of its answer, and what was sent meanwhile before it", async () => {
  const { regId, shown } = await phone();
  const at = Date.now() + AHEAD_MS;
  const sent = await server.send({ to: regId, data: "later", sendAt: new Date(at) });
  expect(sent).toMatchObject({ status: "queued", sendAt: at });
  expect(await server.status(sent.id)).toMatchObject({ status: "queued", sendAt: at });
  const now = await server.send({ to: regId, data: "now" });
  expect(now).toMatchObject({ status: "delivered" });
  await expect.poll(() => shown.length, COMES).toBe(2);
  expect(shown).toMatchObject([
    { id: now.id, data: "now" },
    { id: sent.id, data: "later" },
  ]);
  const cameAt = shown[1]?.at ?? 0;
  expect(cameAt).toBeGreaterThanOrEqual(at);
  expect(cameAt).toBeLessThan(at + LATE_MS);
  await expect.poll(async () => (await server.status(sent.id)).status, COMES).toBe("delivered");
  expect(await server.status(sent.id)).not.toHaveProperty("sendAt");
});

test("J1 J2 the mesh is killed before the time, and down at the time: the message is shown then, once", async () => {
  const { regId, shown } = await phone();
  const at = Date.now() + AHEAD_MS;
  const options = { idempotencyKey: "once" };
  const message = { to: regId, data: "later", sendAt: new Date(at) };
  const sent = await server.send(message, options);
  await mesh.kill("machine");
  await mesh.halt();
  await sleep(Math.max(0, at - Date.now()));
  await mesh.start();
  await expect.poll(() => shown.map(({ id }) => id), COMES).toEqual([sent.id]);
  await expect.poll(async () => (await server.status(sent.id)).status, COMES).toBe("delivered");
  expect(await server.send(message, options)).toMatchObject({ id: sent.id, status: "delivered" });
  expect(shown).toHaveLength(1);
});

test("J1 J11 a local time is in UTC for a device that has told no zone, for each holder of an alias", async () => {
  const { client, regId, shown } = await phone();
  await client.setAlias("me");
  const local = new Date(Date.now() + AHEAD_MS).toISOString().slice(0, 19);
  const { results } = await server.send({ to: { alias: "me" }, data: "local", sendAt: { local } });
  expect(results).toMatchObject([{ regId, status: "queued", sendAt: Date.parse(`${local}Z`) }]);
  await expect.poll(() => shown.length, COMES).toBe(1);
  expect(shown[0]?.at).toBeGreaterThanOrEqual(Date.parse(`${local}Z`));
});

test("J1 a time of the past is now", async () => {
  const { regId } = await phone();
  const past = await server.send({ to: regId, data: "past", sendAt: "2020-01-01T00:00:00+01:00" });
  expect(past.status).toBe("delivered");
});
