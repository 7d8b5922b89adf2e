/** What becomes of broadcasts that their senders recall, and what senders hear. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { formatMessageId, parseMessageId } from "../../../schema/text.ts";
import { connect, memoryStorage, type PushClient } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

const SOON_MS = 30_000;
let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("broadcast-recalls");
  server = mesh.sender(app);
});

afterAll(() => mesh.stop());

/** A member of a tag, which keeps what it is told over its links. */
async function memberOf(tag: string, sealed?: boolean) {
  const storage = memoryStorage();
  const texts: unknown[] = [];
  const recalled: string[] = [];
  const open = async (): Promise<PushClient> => {
    const client = await connect({ url: mesh.url, appId: app.appId, storage, sealed });
    onTestFinished(() => client.close());
    client.onMessage(({ data }) => void texts.push(data));
    client.onRecalled(({ id }) => recalled.push(id));
    return client;
  };
  const client = await open();
  const regId = await client.register();
  await client.subscribe(tag);
  const away = async () => {
    await client.close();
    await until(
      "the device is gone",
      async () => !(await server.registration(regId)).connected,
      SOON_MS,
    );
  };
  return { texts, recalled, open, away };
}

const isSent = (id: string) =>
  until("it is sent", async () => (await server.status(id)).status === "sent", SOON_MS);

test.each([
  ["sealed", true],
  ["plain", false],
])(
  "X4 a broadcast that was shown is taken off every display, also of devices that come later: %s",
  async (tag, sealed) => {
    const [here, later] = [await memberOf(tag, sealed), await memberOf(tag, sealed)];
    const { id } = await server.broadcast({ to: { tag }, data: "a" });
    await until("both have it", () => here.texts.length + later.texts.length === 2, SOON_MS);
    await isSent(id);
    await later.away();
    const answer = await server.recall(id, { wait: 20 });
    expect(answer).toMatchObject({
      ...{ id, status: "recalled" },
      broadcast: { status: "sent", acknowledged: 2 },
      recall: { status: "sent", members: 2, acknowledged: 1 },
    });
    expect(here.recalled).toEqual([id]);
    expect(await server.status(id)).toMatchObject({
      status: "sent",
      recalledAt: answer.recalledAt,
    });
    await later.open();
    await until("it is told", () => later.recalled.length === 1, SOON_MS);
    expect(later.recalled).toEqual([id]);
    // The app gets nothing in its place.
    await server.broadcast({ to: { tag }, data: "b" });
    await until("both have the next", () => later.texts.at(-1) === "b", SOON_MS);
    expect([here.texts, later.texts]).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  },
);

test("X4 a device that was away never gets what was recalled, over a kill, and a repeated send does not bring it back", async () => {
  const { texts, open, away } = await memberOf("away");
  await away();
  const message = { to: { tag: "away" }, data: "secret" };
  const { id } = await server.broadcast(message, { idempotencyKey: "broadcast-recalls-1" });
  expect((await server.recall(id, { wait: 20 })).status).toBe("recalled");
  await mesh.kill("machine");
  const again = await server.recall(id, { wait: 20 });
  expect(again).toMatchObject({ status: "recalled", recall: { status: "sent" } });
  expect((await server.broadcast(message, { idempotencyKey: "broadcast-recalls-1" })).id).toBe(id);
  await server.broadcast({ to: { tag: "away" }, data: "b" });
  await open();
  await until("the next arrives", () => texts.length > 0, SOON_MS);
  expect(texts).toEqual(["b"]);
});

test("X4 a broadcast to a condition is recalled in all of its tags", async () => {
  const devices = [await memberOf("cover-a"), await memberOf("cover-b")];
  const to = { condition: { any: [{ tag: "cover-a" }, { tag: "cover-b" }] } };
  const { id } = await server.broadcast({ to, data: "a" });
  await until("both have it", () => devices.every(({ texts }) => texts.length === 1), SOON_MS);
  await isSent(id);
  const answer = await server.recall(id, { wait: 20 });
  expect(answer.recall).toMatchObject({ status: "sent", acknowledged: 2 });
  expect(devices.map(({ recalled }) => recalled)).toEqual([[id], [id]]);
});

test("X4 a slow broadcast is recalled on its way: whoever had no turn yet never gets it", async () => {
  const devices = await Promise.all(Array.from({ length: 6 }, () => memberOf("slow")));
  const { id } = await server.broadcast({ to: { tag: "slow" }, data: "a", pace: 1 });
  const had = () => devices.filter(({ texts }) => texts.includes("a")).length;
  await until("somebody has it", () => had() > 0, SOON_MS);
  const answer = await server.recall(id, { wait: 20 });
  expect(answer.recall?.status).toBe("sent");
  await isSent(id);
  expect(await server.status(id)).toMatchObject({ delivered: had(), collapsed: 6 - had() });
  expect(had()).toBeLessThan(6);
  for (const { texts, recalled } of devices) if (texts.length > 0) expect(recalled).toEqual([id]);
});

test("X4 nobody recalls what is not there, or another app's", async () => {
  await memberOf("own");
  const { id } = await server.broadcast({ to: { tag: "own" }, data: "a" });
  const other = mesh.sender(await mesh.app("others"));
  await expect(other.recall(id)).rejects.toMatchObject({ code: "message_id_invalid" });
  const parts = parseMessageId(id);
  if (parts === undefined) throw new Error("no ID");
  const unknown = formatMessageId({ ...parts, seq: parts.seq + 2 });
  await expect(server.recall(unknown)).rejects.toMatchObject({ code: "message_not_found" });
});
