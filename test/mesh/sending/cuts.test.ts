/**
 * A sender link over a network that breaks, by a seed. More of it: `SENDER_ROUNDS=500 SENDER_SEED=7 npx vitest run --project mesh
 * test/mesh/sending/cuts.test.ts`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { FaultyProxy } from "../../chaos/proxy.ts";
import { freshSeed, random } from "../../chaos/random.ts";

const ROUNDS = Number(process.env["SENDER_ROUNDS"] ?? 12);
const SEED = Number(process.env["SENDER_SEED"] ?? freshSeed());
const SENDS = 20;
/** How long a broken connection stays. */
const BROKEN_MS = [5, 200] as const;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("cuts");
});

afterAll(() => mesh.stop());

test(`K2 P2.1 P3.1 nothing is lost, doubled or out of order, whatever breaks (seed ${SEED})`, async () => {
  const chance = random(SEED);
  const proxy = await FaultyProxy.start(mesh.url);
  onTestFinished(() => proxy.stop());
  const got: number[] = [];
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onMessage(({ data }) => void got.push((data as { n: number }).n));
  const regId = await client.register();
  const { keyId, secret: key } = app;
  const link = new PushServer({ url: proxy.url, keyId, key, retryForMs: 120_000 }).link();
  const sends: Promise<{ readonly status: string }>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < SENDS; i++) {
      sends.push(link.send({ to: regId, data: { n: sends.length } }));
      if (chance.chance(0.2)) await sleep(0);
    }
    proxy.breakOne(chance);
    await sleep(chance.between(...BROKEN_MS));
    proxy.heal();
  }
  const answers = await Promise.all(sends);
  await link.close();
  // On a busy machine, the device may take longer than a send waits.
  for (const { status } of answers) expect(["delivered", "queued"]).toContain(status);
  await expect.poll(() => got.length, { timeout: 60_000 }).toBe(sends.length);
  expect(got).toEqual(sends.map((_, n) => n));
});
