/** What the sender of a message with `trace` is told about it afterwards. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("timelines");
  server = mesh.sender(app);
});

afterAll(() => mesh.stop());

async function eventsOf(id: string): Promise<string[]> {
  const answer = await server.status(id);
  if (!("events" in answer)) return [];
  const times = answer.events?.map(({ at }) => at) ?? [];
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBe(answer.acceptedAt);
  return answer.events?.map(({ event }) => event) ?? [];
}

test("F1 a traced message has its timeline, over a kill of the mesh, and one without trace has none", async () => {
  const storage = memoryStorage();
  const open = () => connect({ url: mesh.url, appId: app.appId, storage });
  const first = await open();
  first.onMessage(() => {});
  const to = await first.register();
  const here = await server.send({ to, data: "a", trace: true }, { wait: 20 });
  const plain = await server.send({ to, data: "b" }, { wait: 20 });
  expect(await eventsOf(here.id)).toEqual(["accepted", "sent", "delivered"]);
  expect(await server.status(plain.id)).not.toHaveProperty("events");
  first.close();
  await until(
    "the device is gone",
    async () => (await server.registration(to)).connected === false,
    30_000,
  );

  const away = await server.send({ to, data: "c", trace: true });
  expect(away.status).toBe("queued");
  const late = await server.send({ to, data: "d", ttl: 1, trace: true });
  await mesh.kill("machine");
  expect(await eventsOf(here.id)).toEqual(["accepted", "sent", "delivered"]);
  await until(
    "it expires",
    async () => (await server.status(late.id)).status === "expired",
    30_000,
  );
  expect(await eventsOf(late.id)).toEqual(["accepted", "queued", "expired"]);

  const second = await open();
  onTestFinished(() => second.close());
  second.onMessage(() => {});
  await until(
    "it is there",
    async () => (await server.status(away.id)).status === "delivered",
    30_000,
  );
  expect(await eventsOf(away.id)).toEqual(["accepted", "queued", "sent", "delivered"]);
});
