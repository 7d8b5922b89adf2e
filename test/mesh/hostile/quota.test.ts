/** Quotas of sends as an app server meets them: over several connections at once, to the second, and by the SDK. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { askToSend } from "../support/signed-send.ts";

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

interface Quota {
  readonly perSecond: number;
  readonly burst: number;
}

/** An app with this quota, and the regId of an offline device, to which a send takes no time. */
async function appWith(quota: Quota): Promise<{ app: App; to: string }> {
  const admin = mesh.admin();
  const { appId } = await admin.createApp("Shop", { policy: "open" });
  const { keyId, secret = "" } = await admin.createKey(appId);
  await admin.setQuota(appId, quota);
  const device = await connect({ url: mesh.url, appId, storage: memoryStorage() });
  const to = await device.register();
  await device.close();
  return { app: { appId, keyId, secret }, to };
}

interface Answer {
  readonly status: number;
  readonly at: number;
  readonly retryAfter: number;
  readonly policy: string | null;
  readonly left: string | null;
}

async function send({ app, to }: { readonly app: App; readonly to: string }): Promise<Answer> {
  const { status, headers, body } = await askToSend(
    mesh.url,
    app,
    { to, data: "x" },
    "respond-async",
  );
  await body?.cancel();
  const [policy, left] = [headers.get("ratelimit-policy"), headers.get("ratelimit")];
  const retryAfter = Number(headers.get("retry-after"));
  return { status, at: performance.now(), retryAfter, policy, left };
}

const accepted = (answers: readonly Answer[]): number =>
  answers.filter(({ status }) => status === 202).length;

test("S47 S49 however many connections send at once, no more are accepted than the quota, and no fewer than it lets refill", async () => {
  const quota = { perSecond: 10, burst: 20 };
  const recipient = await appWith(quota);
  const from = performance.now();
  const answers: Answer[] = [];
  const sender = async () => {
    // Also on a machine that is busy with other things, until the quota is what stops it.
    while (performance.now() - from < 4_000 || accepted(answers) > answers.length - 50)
      answers.push(await send(recipient));
  };
  await Promise.all(Array.from({ length: 16 }, sender));
  const seconds = (Math.max(...answers.map(({ at }) => at)) - from) / 1_000;
  expect(accepted(answers)).toBeLessThanOrEqual(quota.burst + quota.perSecond * seconds);
  // What an edge has leased and not spent is lost: here a quarter of a burst.
  expect(accepted(answers)).toBeGreaterThan(quota.burst);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202, 429]));
  for (const { status, policy, left, retryAfter } of answers) {
    expect(policy).toBe('"sends";q=20;w=2;pushmesh-burst=20');
    expect(left).toMatch(/^"sends";r=\d+(;t=\d+)?$/);
    if (status === 429) expect(retryAfter).toBe(1);
  }
});

test("S49 Retry-After is exact: earlier is refused, and then is accepted", async () => {
  // One in 6 s.
  const recipient = await appWith({ perSecond: 1 / 6, burst: 1 });
  const from = performance.now();
  const first = await send(recipient);
  expect(first.status).toBe(202);
  const second = await send(recipient);
  expect(second.status).toBe(429);
  const early = (second.at - from) / 1_000;
  expect(second.retryAfter).toBeGreaterThanOrEqual(Math.ceil(6 - early - 1));
  expect(second.retryAfter).toBeLessThanOrEqual(6);
  // The last second of it is the rounding.
  const tries = [1.5, second.retryAfter];
  const got: number[] = [];
  for (const after of tries) {
    const wait = second.at + after * 1_000 - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    got.push((await send(recipient)).status);
  }
  expect(got).toEqual([429, 202]);
});

test("S50 the server SDK waits for its token, sends again, and tells what is left", async () => {
  const { app, to } = await appWith({ perSecond: 2, burst: 1 });
  const server = new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret });
  const from = performance.now();
  for (let n = 0; n < 4; n++) await server.send({ to, data: `${n}` }, { wait: 0 });
  // The first has a token, and the others wait for one each.
  expect(performance.now() - from).toBeGreaterThan(1_400);
  expect(server.rateLimit).toMatchObject({ limit: 2, windowSeconds: 1, remaining: 0 });
});
