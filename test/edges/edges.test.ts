/** What one edge changes, and another has cached: how long it goes on, and what is never wrong. */
import { test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { listenLive } from "../../sdk/device/live/mod.ts";
import { connect, memoryStorage, type PushClient } from "../../sdk/device/mod.ts";
import { type Edge, startEdges } from "./support.ts";

/** What an edge may go on with after a change elsewhere, and what a busy machine takes for the last question. */
const within = (cacheMs: number) => ({ timeout: cacheMs + 10_000, interval: 500 });

async function makeApp(edge: Edge) {
  const { appId } = await edge.admin.createApp("two edges", { policy: "open" });
  const key = await edge.admin.createKey(appId);
  return { appId, key };
}

async function makeDevice(edge: Edge, appId: string) {
  const got: unknown[] = [];
  const client: PushClient = await connect({ url: edge.url, appId, storage: memoryStorage() });
  client.onMessage(({ data }) => {
    got.push(data);
  });
  return { client, got, regId: await client.register() };
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

test.concurrent("P7.6 keys that one edge revokes, and those of an app that it deletes, end at the other", async ({
  expect,
  onTestFinished,
}) => {
  const { one, two } = await startEdges(onTestFinished);
  const apps = await Promise.all([makeApp(one), makeApp(one)]);
  const device = await makeDevice(one, apps[0].appId);
  const sends = apps.map(
    ({ key }) =>
      () =>
        codeOf(two.server(key).send({ to: device.regId, data: "x" })),
  );
  // The second app's key is good, and the regId none of its app's.
  const now = () => Promise.all(sends.map((send) => send()));
  expect(await now()).toEqual(["none", "reg_id_foreign"]);
  await one.admin.revokeKey(apps[0].appId, apps[0].key.keyId);
  await one.admin.deleteApp(apps[1].appId);
  const refused = ["key_unknown", "key_unknown"];
  // At the edge that was asked at once; at the other within what the promise says, and no sooner by chance.
  expect(await codeOf(one.server(apps[0].key).send({ to: device.regId, data: "x" }))).toBe(
    "key_unknown",
  );
  expect(await now()).not.toEqual(refused);
  await expect.poll(now, within(LIMITS.APP_CACHE_MS)).toEqual(refused);
  await device.client.close();
});

test.concurrent("a key that one edge makes works at the other, which has the app cached without it", async ({
  expect,
  onTestFinished,
}) => {
  const { one, two } = await startEdges(onTestFinished);
  const { appId, key } = await makeApp(one);
  const { client, regId } = await makeDevice(one, appId);
  expect(await codeOf(two.server(key).send({ to: regId, data: "x" }))).toBe("none");
  const later = await one.admin.createKey(appId);
  await expect
    .poll(
      () => codeOf(two.server(later).send({ to: regId, data: "x" })),
      within(LIMITS.APP_RELOAD_MS),
    )
    .toBe("none");
  await client.close();
});

test.concurrent("A4 an alias that moves by one edge is never sent to its old holder by the other", async ({
  expect,
  onTestFinished,
}) => {
  const { one, two } = await startEdges(onTestFinished);
  const { appId, key } = await makeApp(one);
  const [old, next] = await Promise.all([makeDevice(one, appId), makeDevice(two, appId)]);
  const push = two.server(key);
  const send = async (data: string) => {
    const { results } = await push.send({ to: { alias: "me" }, data });
    return results.map((result) => [
      result.regId,
      "status" in result ? result.status : result.error,
    ]);
  };
  await one.server(key).aliases.add("me", old.regId);
  expect(await send("first")).toEqual([[old.regId, "delivered"]]);
  await one.server(key).aliases.add("me", next.regId);
  expect(await send("second")).toEqual([[next.regId, "delivered"]]);
  await next.client.setAlias("me");
  await old.client.setAlias("me");
  expect(await send("third")).toEqual([[old.regId, "delivered"]]);
  expect([old.got, next.got]).toEqual([["first", "third"], ["second"]]);
  await Promise.all([old.client.close(), next.client.close()]);
});

test.concurrent("V3 a tag that one edge closes takes no listener at the other, once that has asked again", async ({
  expect,
  onTestFinished,
}) => {
  const { one, two } = await startEdges(onTestFinished);
  const { appId, key } = await makeApp(one);
  const { client } = await makeDevice(one, appId);
  await client.subscribe("news");
  const { tags } = one.server(key);
  await tags.setLive("news", "open");
  /** How a listener without a token fares at the second edge. */
  const tryIt = () =>
    new Promise<string>((resolve) => {
      const listener = listenLive({
        url: two.url,
        appId,
        tag: "news",
        onMessage: () => {},
        onState: (state) => {
          if (state.name === "connecting") return;
          resolve("error" in state ? (state.error?.code ?? state.name) : state.name);
          setTimeout(() => listener.close());
        },
      });
    });
  expect(await tryIt()).toBe("listening");
  await tags.setLive("news", "closed");
  await expect.poll(tryIt, within(LIMITS.TAG_CACHE_MS)).toBe("live_closed");
  await client.close();
});

test.concurrent("A4 who joins a shared alias by one edge gets the next send by the other, which has it cached", async ({
  expect,
  onTestFinished,
}) => {
  const { one, two } = await startEdges(onTestFinished);
  const { appId, key } = await makeApp(one);
  const devices = await Promise.all([1, 2, 3].map(() => makeDevice(one, appId)));
  const regIds = devices.map(({ regId }) => regId);
  const push = two.server(key);
  const send = async (data: string) => {
    const { results } = await push.send({ to: { alias: "family" }, data });
    return results.map((result) => result.regId).sort();
  };
  for (const [n, device] of devices.entries()) {
    // The first is the only holder until the second joins.
    await device.client.setAlias("family", { shared: true });
    expect(await send(`to ${n + 1}`)).toEqual(regIds.slice(0, n + 1).sort());
  }
  await Promise.all(devices.map(({ client }) => client.close()));
  expect(devices.map(({ got }) => got.length)).toEqual([3, 2, 1]);
});
