/** What becomes of messages that their senders recall, and what senders hear. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

const SOON_MS = 30_000;

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("recalls");
  server = mesh.sender(app);
});

afterAll(() => mesh.stop());

function deviceOf() {
  const storage = memoryStorage();
  const texts: unknown[] = [];
  const recalled: string[] = [];
  const open = async (handler: (data: unknown) => unknown = () => {}) => {
    const client = await connect({ url: mesh.url, appId: app.appId, storage });
    onTestFinished(() => client.close());
    client.onMessage(({ data }) => {
      texts.push(data);
      return handler(data);
    });
    client.onRecalled(({ id }) => recalled.push(id));
    return { client, regId: await client.register() };
  };
  const gone = (regId: string) =>
    until("the device is gone", async () => !(await server.registration(regId)).connected, SOON_MS);
  return { texts, recalled, open, gone };
}

test("X1 a waiting message is recalled at once, over a kill, and its repeat does not bring it back", async () => {
  const { texts, open, gone } = deviceOf();
  const first = await open();
  await first.client.close();
  await gone(first.regId);
  const message = { to: first.regId, data: "a" };
  const { id } = await server.send(message, { idempotencyKey: "recalls-1" });
  expect(await server.recall(id)).toMatchObject({ id, status: "recalled" });
  await mesh.kill("machine");
  expect(await server.recall(id)).toMatchObject({ status: "recalled" });
  expect(await server.status(id)).toMatchObject({ status: "recalled" });
  const again = await server.send(message, { idempotencyKey: "recalls-1" });
  expect(again).toMatchObject({ id, status: "recalled" });
  const second = await open();
  const other = await server.send({ to: second.regId, data: "b" }, { wait: 20 });
  expect(other.status).toBe("delivered");
  expect(texts).toEqual(["b"]);
});

test("X2 F4 a delivered message is taken off the display; its timeline has all of it", async () => {
  const { recalled, open, gone } = deviceOf();
  const { client, regId } = await open();
  const sent = await server.send({ to: regId, data: "a", trace: true }, { wait: 20 });
  expect(sent.status).toBe("delivered");
  await client.reportMessage({ id: sent.id, report: true }, "shown");
  await client.reportMessage({ id: sent.id, report: true }, "clicked", { action: "yes" });
  const answer = await server.recall(sent.id);
  expect(answer).toMatchObject({ status: "delivered", display: "removed" });
  expect(answer.deliveredAt).toBeGreaterThan(0);
  expect(recalled).toEqual([sent.id]);
  // A report resolves when the device has stored it; the mesh hears of it a little later.
  const timeline = async (): Promise<unknown[]> => {
    const told = await server.status(sent.id);
    if (!("events" in told)) throw new Error("no timeline");
    return (told.events ?? []).map(({ event, action }) => [event, action]);
  };
  await until("all reports are told", async () => (await timeline()).length >= 6, SOON_MS);
  expect(await timeline()).toEqual([
    ...[["accepted"], ["sent"], ["delivered"], ["shown"], ["clicked", "yes"], ["recalled"]].map(
      ([event, action]) => [event, action],
    ),
  ]);

  await client.close();
  await gone(regId);
  const pending = await server.recall(sent.id);
  expect(pending).toMatchObject({ status: "delivered", display: "pending" });
  await open();
  await until("the device is told", async () => recalled.length === 2, SOON_MS);
});

test("X1 a message behind a busy handler is recalled; the one at which it works is not", async () => {
  const { texts, recalled, open } = deviceOf();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { regId } = await open(() => promise);
  const first = await server.send({ to: regId, data: "1" }, { respondAsync: true });
  await until("the handler works", async () => texts.length === 1, SOON_MS);
  const second = await server.send({ to: regId, data: "2" }, { respondAsync: true });
  expect(await server.recall(second.id)).toMatchObject({ status: "recalled" });
  const busy = await server.recall(first.id);
  expect(busy).toMatchObject({ status: "sent", display: "removed" });
  resolve();
  await until(
    "it ends",
    async () => (await server.status(first.id)).status === "delivered",
    SOON_MS,
  );
  expect(texts).toEqual(["1"]);
  expect(recalled).toEqual([first.id]);
});

test("X1 what another app sent, what was never sent, and what is no ID are refused", async () => {
  const { open } = deviceOf();
  const { regId } = await open();
  const { id } = await server.send({ to: regId, data: "a" }, { wait: 20 });
  const foreign = mesh.sender(await mesh.app("recalls-2"));
  await expect(foreign.recall(id)).rejects.toMatchObject({ code: "reg_id_foreign", status: 403 });
  await expect(server.recall("x")).rejects.toMatchObject({ code: "message_id_invalid" });
  const never = `zzzzzzzzzzz${id.slice(11)}`;
  await expect(server.recall(never)).rejects.toMatchObject({ status: expect.any(Number) });
});
