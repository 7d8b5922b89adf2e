/** The list of an app's registrations, over a tree of many nodes, with devices of the SDK. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/push-server.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
import { HOST } from "../../support/host.ts";
import { call } from "../support/listener.ts";

/** Two members a node, so that 14 devices need at least seven. */
const NODE_MEMBERS = 2;
const DEVICES = 14;

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start(HOST, { PUSHMESH_NODE_MEMBERS: `${NODE_MEMBERS}` });
});

afterAll(() => mesh.stop());

async function device(app: App) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onRemoved(() => {});
  return { client, regId: await client.register() };
}

async function listed({ registrations }: PushServer): Promise<string[]> {
  const regIds: string[] = [];
  for await (const regId of registrations.list()) regIds.push(regId);
  return regIds.sort();
}

test("S18 lists each registration once, whether its device is linked, over kills, and forgets those that ended", async () => {
  const [app, other] = [await mesh.app("list"), await mesh.app("another list")];
  const server = mesh.sender(app);
  expect(await server.registrations.page()).toEqual({
    registrations: [],
    unlisted: 0,
    next: null,
  });
  const devices = [];
  for (let n = 0; n < DEVICES; n++) devices.push(await device(app));
  const stranger = await device(other);
  const all = devices.map(({ regId }) => regId).sort();
  // A registration joins the tag of all devices after its answer.
  await until("all", async () => (await listed(server)).length === DEVICES, 30_000);
  expect(await listed(server)).toEqual(all);
  expect(await listed(mesh.sender(other))).toEqual([stranger.regId]);

  const first = await server.registrations.page();
  expect(first.registrations).toHaveLength(NODE_MEMBERS);
  expect(first.next).toMatch(/^[0-9a-f]$/);

  const [removed, ended, away] = devices;
  if (removed === undefined || ended === undefined || away === undefined) throw new Error("none");
  await away.client.close();
  await server.registrations.remove(removed.regId);
  await ended.client.unregister();
  const rest = all.filter((regId) => ![removed.regId, ended.regId].includes(regId));
  await until("the end of two", async () => (await listed(server)).length < DEVICES - 1, 30_000);
  expect(await listed(server)).toEqual(rest);

  await mesh.kill(mesh.victims[0]);
  expect(await listed(server)).toEqual(rest);
});

test("S18 a cursor of another form is refused, and one that was made up shows nothing of another app", async () => {
  const app = await mesh.app("cursors");
  const { regId } = await device(app);
  const get = async (query: string) => {
    const answer = await call(mesh.url, app, "GET", `/v1/registrations${query}`);
    return (await answer.json()) as { code?: string; registrations?: { regId: string }[] };
  };
  await until("it", async () => (await get("")).registrations?.[0]?.regId === regId, 30_000);
  for (const cursor of ["", "x", "012345678", "0&cursor=1"])
    expect(await get(`?cursor=${cursor}`)).toMatchObject({ code: "field_invalid" });
  expect(await get("?limit=5")).toMatchObject({ code: "field_invalid" });
  for (const cursor of ["0", "7a", "ffffffff"])
    expect(await get(`?cursor=${cursor}`)).toEqual({ registrations: [], unlisted: 0, next: null });
});
