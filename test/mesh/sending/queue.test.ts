/** What is over the quota of an app that asks for a queue: through the edge, to a device of the SDK, and over a kill of the mesh. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage, type PushMessage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { Mesh } from "../../chaos/mesh.ts";

/** How long a condition may take on a busy machine. */
const COMES = { timeout: 60_000 };
const QUOTA = { perSecond: 4, burst: 8, queueSeconds: 5 };

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

/** An app with the quota, its server, and a device with what it was shown when. */
async function scene() {
  const app = await mesh.app("queued");
  await mesh.admin().setQuota(app.appId, QUOTA);
  const server = new PushServer({
    ...{ url: mesh.url, keyId: app.keyId, key: app.secret },
    retryForMs: 0,
  });
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onError(() => {});
  const shown: (PushMessage & { readonly at: number })[] = [];
  client.onMessage((message) => void shown.push({ ...message, at: Date.now() }));
  return { app, server, regId: await client.register(), shown };
}

test("S68 S70 what is over the quota is queued, shown in order and no faster than the quota, and high priority comes first", async () => {
  const { app, server, regId, shown } = await scene();
  expect(await mesh.admin().app(app.appId)).toMatchObject({ quota: QUOTA });
  const from = Date.now();
  const sends: { readonly status: string; readonly sendAt?: number | undefined }[] = [];
  for (let n = 0; n < 14; n++)
    sends.push(await server.send({ to: regId, data: `${n}` }, { wait: 0 }));
  const high = await server.send({ to: regId, data: "high", priority: "high" }, { wait: 0 });
  const queued = sends.filter(({ sendAt }) => sendAt !== undefined);
  expect(queued.length).toBeGreaterThan(3);
  for (const { status } of queued) expect(status).toBe("queued");
  expect(high.sendAt ?? 0).toBeLessThan(queued.at(-1)?.sendAt ?? 0);
  expect(server.rateLimit).toMatchObject({ remaining: 0 });
  await expect.poll(() => shown.length, COMES).toBe(15);
  const order = shown.map(({ data }) => data);
  expect(order.filter((data) => data !== "high")).toEqual(
    Array.from({ length: 14 }, (_, n) => `${n}`),
  );
  expect(order.indexOf("high")).toBeLessThan(14);
  for (const [n, { at }] of shown.entries())
    expect(n + 1).toBeLessThanOrEqual(QUOTA.burst + (QUOTA.perSecond * (at - from)) / 1_000 + 1);
});

test("S69 S68 at the end of the queue a send is refused until there is a place; broadcasts and what has no time to wait are not queued", async () => {
  const { server, regId } = await scene();
  const most = QUOTA.burst + QUOTA.perSecond * (QUOTA.queueSeconds + 60);
  let refused: unknown;
  for (let n = 0; n < most && refused === undefined; n++)
    await server.send({ to: regId, data: `${n}` }, { wait: 0 }).catch((error: unknown) => {
      refused = error;
    });
  expect(refused).toMatchObject({ code: "quota_exceeded", status: 429 });
  expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(1_000);
  await expect(server.send({ to: regId, data: "now", ttl: 0 })).rejects.toMatchObject({
    code: "quota_exceeded",
  });
  const toAll = server.broadcast({ to: { everyone: true }, data: "all" });
  await expect(toAll).rejects.toMatchObject({ code: "quota_exceeded" });
});

test("S68 what is queued when the mesh is killed is shown after it, once, in order", async () => {
  const { server, regId, shown } = await scene();
  for (let n = 0; n < 20; n++) await server.send({ to: regId, data: `${n}` }, { wait: 0 });
  await mesh.kill("machine");
  await expect.poll(() => shown.length, COMES).toBeGreaterThanOrEqual(20);
  expect(shown.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
});
