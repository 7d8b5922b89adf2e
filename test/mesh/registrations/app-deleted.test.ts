/** What a deleted app leaves: registrations of devices that are linked and of those that are not, over a killed mesh. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage, type PushError } from "../../../sdk/device/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: { code: string }) => code,
  );

async function device({ appId }: App, storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId, storage });
  onTestFinished(() => client.close());
  const removals: PushError[] = [];
  const shown: unknown[] = [];
  client.onRemoved((error) => removals.push(error));
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, removals, shown, storage };
}

test("S19 the devices of a deleted app are told: at once if they are linked, otherwise with their next link, also after a kill", async () => {
  const app = await mesh.app("deleted");
  const other = await mesh.app("stays");
  const here = await device(app);
  const away = await device(app);
  const neighbour = await device(other);
  const to = await neighbour.client.register();
  for (const { client } of [here, away]) {
    await client.register();
    await client.subscribe("news");
  }
  await here.client.setAlias("me");
  await away.client.close();

  const admin = mesh.admin();
  await admin.deleteApp(app.appId);
  await until("the end of the linked one", () => here.removals.length > 0, 30_000);
  expect(here.removals).toMatchObject([{ code: "removed" }]);
  expect(here.client.regId).toBeUndefined();
  expect(await codeOf(here.client.register())).toBe("app_unknown");

  await mesh.kill(mesh.victims[0]);
  // By itself it waits as long as the restart took.
  neighbour.client.reconnectNow();
  const back = await device(app, away.storage);
  expect(await codeOf(back.client.register())).toMatch(/^(removed|app_unknown)$/);
  await until("the end of the other", () => back.removals.length > 0, 30_000);
  expect(await codeOf(back.client.register())).toBe("app_unknown");
  expect(back.shown).toEqual([]);

  // Nobody of before reaches an app that is made anew, and another app notices nothing.
  const again = await admin.createApp("deleted", { policy: "open" });
  expect(again.appId).not.toBe(app.appId);
  const sender = mesh.sender(other);
  await until("the neighbour", async () => (await sender.registration(to)).connected, 30_000);
  expect((await sender.send({ to, data: "there" })).status).toBe("delivered");
  expect(neighbour.removals).toEqual([]);
  expect(await codeOf(mesh.sender(app).send({ to, data: "x" }))).toBe("key_unknown");
  expect(await codeOf(admin.deleteApp(app.appId))).toBe("app_not_found");
});
