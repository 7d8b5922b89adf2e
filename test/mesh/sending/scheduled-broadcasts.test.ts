/** Broadcasts that are sent at a time of their senders'. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

const SOON_MS = 30_000;
/** Long enough that a kill and a start are over before. */
const AHEAD_MS = 6_000;

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("scheduled-broadcasts");
  server = mesh.sender(app);
});

afterAll(() => mesh.stop());

/** A member of a tag, with the times at which messages came. */
async function memberOf(tag: string) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  const came = new Map<unknown, number>();
  const doubled: unknown[] = [];
  client.onMessage(({ data }) => {
    if (came.has(data)) doubled.push(data);
    came.set(data, Date.now());
  });
  await client.register();
  await client.subscribe(tag);
  return { came, doubled };
}

test("B25 a broadcast is sent at its time, once, over a kill; until then its status has the time", async () => {
  const { came, doubled } = await memberOf("later");
  const sendAt = new Date(Date.now() + AHEAD_MS);
  const message = { to: { tag: "later" }, data: "a", sendAt };
  const { id, ...answer } = await server.broadcast(message, { idempotencyKey: "scheduled-1" });
  expect(answer).toMatchObject({ status: "accepted", sendAt: sendAt.getTime() });
  expect(await server.status(id)).toMatchObject({ status: "accepted", sendAt: sendAt.getTime() });
  await mesh.kill("machine");
  const again = await server.broadcast(message, { idempotencyKey: "scheduled-1" });
  expect(again).toMatchObject({ id, sendAt: sendAt.getTime() });
  await server.broadcast({ to: { tag: "later" }, data: "b" });
  await until("both came", () => came.size === 2, SOON_MS);
  expect([...came.keys()]).toEqual(["b", "a"]);
  expect(came.get("a")).toBeGreaterThanOrEqual(sendAt.getTime());
  const status = () => server.status(id);
  await until("it is sent", async () => (await status()).status === "sent", SOON_MS);
  expect(await status()).not.toHaveProperty("sendAt");
  expect(doubled).toEqual([]);
});

test("B25 X4 one that is recalled before its time reaches nobody, and its repeat does not bring it back", async () => {
  const { came } = await memberOf("cancelled");
  const sendAt = new Date(Date.now() + 1_500);
  const message = { to: { tag: "cancelled" }, data: "a", sendAt };
  const { id } = await server.broadcast(message, { idempotencyKey: "scheduled-2" });
  const recalled = await server.recall(id, { wait: 20 });
  expect(recalled).toMatchObject({ status: "recalled", recall: { status: "sent", delivered: 0 } });
  expect(await server.recall(id, { wait: 20 })).toMatchObject({ status: "recalled" });
  expect((await server.broadcast(message, { idempotencyKey: "scheduled-2" })).id).toBe(id);
  // By this one's turn, the other's has passed.
  const later = new Date(sendAt.getTime() + 500);
  await server.broadcast({ to: { tag: "cancelled" }, data: "b", sendAt: later });
  await until("the other comes", () => came.has("b"), SOON_MS);
  expect([...came.keys()]).toEqual(["b"]);
  expect(await server.status(id)).toMatchObject({ delivered: 0, recalledAt: expect.any(Number) });
});

test("B25 a time in the past means now; what cannot be scheduled is refused and named", async () => {
  const { came } = await memberOf("now");
  const to = { tag: "now" };
  const sendAt = new Date(Date.now() - 5_000).toISOString();
  expect(await server.broadcast({ to, data: "a", sendAt })).not.toHaveProperty("sendAt");
  await until("it comes", () => came.has("a"), SOON_MS);
  const late = new Date(Date.now() + 31 * 86_400_000);
  const local = { local: "2030-01-01T00:00" } as never;
  const soon = new Date(Date.now() + 60_000);
  for (const fields of [{ sendAt: late }, { sendAt: local }, { sendAt: soon, ttl: 0 }])
    await expect(server.broadcast({ to, data: "b", ...fields })).rejects.toMatchObject({
      ...{ code: "field_invalid", message: expect.stringMatching(/^sendAt/) },
    });
});
