/** Clients of pages that share a SharedWorker, as their pages see it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect, memoryStorage, type PushClient } from "../../../../sdk/device/mod.ts";
import { until } from "../fake/clock.ts";
import { APP, FakeMesh } from "../fake/mesh.ts";
import { openPage } from "../fake/shared.ts";

let mesh: FakeMesh;
let page: ReturnType<typeof openPage>;

beforeEach(() => {
  mesh = new FakeMesh();
  page = openPage(memoryStorage(), mesh.host);
});
afterEach(async () => {
  await page.close();
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const open = (url = "https://push.test"): Promise<PushClient> =>
  connect({ ...page.options, url, appId: APP, host: mesh.host });
const openSockets = () => mesh.sockets.filter(({ closedBy }) => closedBy === undefined);

test("W5 the link ends with the last client, though its page stays, and the next client has another", async () => {
  const [one, two] = [await open(), await open()];
  const regId = await one.register();
  await one.close();
  expect(await two.ping()).toBeGreaterThanOrEqual(0);
  expect(openSockets()).toHaveLength(1);
  await two.close();
  await until(() => openSockets().length === 0, "the end of the link");
  const next = await open();
  expect(await next.register()).toBe(regId);
  expect([mesh.sockets.length, openSockets().length, mesh.devices]).toEqual([2, 1, 1]);
  await next.close();
});

test("W7 the next client of a page gives the url and identifiers", async () => {
  await (await open()).close();
  const next = await open("https://other.test");
  await next.register();
  expect(mesh.socket.url).toBe("wss://other.test/v1/connect");
  await next.close();
});

test("W1 clients that open while the last one closes share one link", async () => {
  let last = await open();
  for (let n = 0; n < 20; n++) {
    const [, next] = await Promise.all([last.close(), open()]);
    await next.register();
    expect(openSockets()).toHaveLength(1);
    last = next;
  }
  await last.close();
});
