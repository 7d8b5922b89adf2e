/** Registering with grants while the mesh is killed: its objects, the app's among them, answer late or never. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  connect,
  type GrantCallback,
  memoryStorage,
  type PushError,
} from "../../../sdk/device/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

const DEVICES = 20;
const STRANGERS = 5;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  const admin = mesh.admin();
  const { appId } = await admin.createApp("Shop");
  const { keyId, secret = "" } = await admin.createKey(appId);
  app = { appId, keyId, secret };
});

afterAll(() => mesh.stop());

async function deviceOf(grant?: GrantCallback) {
  const { url } = mesh;
  const client = await connect({ url, appId: app.appId, storage: memoryStorage(), grant });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, shown };
}

test("S1 S2 devices that register while the mesh is killed are all registered once, and none without a right", async () => {
  const server = mesh.sender(app);
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, () => deviceOf(() => server.grant({ tags: ["news"] }))),
  );
  const strangers = await Promise.all(
    Array.from({ length: STRANGERS }, (_, n) => deviceOf(n % 2 === 0 ? undefined : () => "a.b.c")),
  );
  const registering = devices.map(({ client }) => client.register());
  const refused = strangers.map(({ client }) =>
    client.register().then(
      () => "done",
      ({ code }: PushError) => code,
    ),
  );
  let answered = 0;
  for (const each of registering) void each.then(() => answered++);
  // While some wait for the app's object, and others have not begun.
  await until("some", () => answered > 0, 30_000);
  await mesh.kill(mesh.victims[0]);
  // As a browser does that is online again: otherwise they wait as long as the restart took.
  for (const { client } of [...devices, ...strangers]) client.reconnectNow();
  const regIds = await Promise.all(registering);
  expect(new Set(regIds).size).toBe(DEVICES);
  expect(new Set(await Promise.all(refused))).toEqual(new Set(["grant_required", "grant_invalid"]));
  // What each was told is so: its registration receives, and may do what its grant says.
  await Promise.all(devices.map(({ client }) => client.subscribe("news")));
  await Promise.all(
    regIds.map((to, n) => server.send({ to, data: `${n}` }, { respondAsync: true })),
  );
  const isThere = ({ shown }: { readonly shown: readonly unknown[] }, n: number) =>
    shown.includes(`${n}`);
  await until("the messages", () => devices.every(isThere), 30_000);
  const { id } = await server.broadcast({ to: { tag: "news" }, data: "all" });
  await until("the broadcast", () => devices.every(({ shown }) => shown.includes("all")), 30_000);
  await until("its end", async () => (await server.status(id)).status === "sent", 30_000);
  const listed: string[] = [];
  for await (const regId of server.registrations.list()) listed.push(regId);
  expect(listed.sort()).toEqual([...regIds].sort());
  for (const { client, shown } of strangers) expect([client.regId, shown]).toEqual([undefined, []]);
});
