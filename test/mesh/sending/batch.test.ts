/** Batches, and messages to many, as an app server sends them: every device has each message once, whatever happens meanwhile. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("batches");
  // With its retries, unlike that of the campaigns.
  server = new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret });
});

afterAll(() => mesh.stop());

/** A device whose app keeps what it was shown. */
async function device(storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, regId: await client.register(), shown, storage };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test("Y5 P3.1 a batch is delivered to those that are there, in order, and queued for the others", async () => {
  const here = await device();
  const away = await device();
  away.client.close();
  await until(
    "the device is gone",
    async () => !(await server.registration(away.regId)).connected,
    30_000,
  );
  const messages = numbers(60).map((n) => ({
    to: n % 3 === 0 ? away.regId : here.regId,
    data: `${n}`,
  }));
  const { results } = await server.sendBatch([...messages, { to: "none", data: "x" }]);
  const said = results.map((result) =>
    "error" in result ? result.error : "status" in result && result.status,
  );
  const wanted = numbers(60).map((n) => (n % 3 === 0 ? "queued" : "delivered"));
  expect(said).toEqual([...wanted, "reg_id_invalid"]);
  const of = (regId: string) => messages.filter(({ to }) => to === regId).map(({ data }) => data);
  expect(here.shown).toEqual(of(here.regId));
  const back = await device(away.storage);
  await until("what waited arrives", () => back.shown.length === 20, 30_000);
  expect(back.shown).toEqual(of(away.regId));
});

test("Y2 Y6 P1.2 P2.2 a batch, and a message to many, that a kill interrupts are sent again by the SDK, and shown once", async () => {
  const here = await device();
  const away = await device();
  away.client.close();
  const messages = numbers(200).map((n) => ({
    to: n % 2 ? here.regId : away.regId,
    data: n.toString(),
  }));
  const regIds = [here.regId, away.regId];
  for (const afterMs of [0, 5, 30]) {
    const marked = messages.map(({ to, data }) => ({ to, data: `${afterMs}:${data}` }));
    const sent = server.sendBatch(marked, { wait: 1 });
    const many = server.sendMany({ to: { regIds }, data: `${afterMs}:many` }, { wait: 1 });
    // The moment is part of the fault, not a wait for anything.
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await mesh.kill("machine");
    const results = [...(await sent).results, ...(await many).results];
    for (const result of results) expect(result).toHaveProperty("status");
  }
  const back = await device(away.storage);
  const all = (own: string) => [
    ...[0, 5, 30].flatMap((ms) => [
      `${ms}:many`,
      ...messages.filter(({ to }) => to === own).map(({ data }) => `${ms}:${data}`),
    ]),
  ];
  for (const { shown, regId } of [here, back]) {
    const own = regId;
    await until("every message arrives", () => shown.length >= all(own).length, 60_000);
    expect(shown.toSorted()).toEqual(all(own).toSorted());
  }
}, 120_000);
