/** Apps in the process that holds them all: what of them must stay in memory, and for how long. */
import { afterEach, expect, test, vi } from "vitest";
import { newApp, openMesh, passTime } from "../support/mesh.ts";
import { fakeTime } from "../support/time.ts";

afterEach(() => {
  vi.useRealTimers();
});

const PER_SECOND = 1;
const BURST = 20;
const QUOTA = { perSecond: PER_SECOND, burst: BURST };

async function appWithQuota() {
  fakeTime();
  const { mesh } = openMesh();
  const { appId } = newApp();
  await mesh.peers.app(appId).create("shop");
  await mesh.peers.app(appId).setQuota(QUOTA);
  /** How many of these sends are let through. */
  const send = async (times: number, extra = 0): Promise<number> => {
    let granted = 0;
    for (let n = 0; n < times; n++) {
      const request = { spend: 1, extra, ended: [] };
      if ((await mesh.bindings.APPS.getByName(appId).lease(request))?.isGranted) granted++;
    }
    return granted;
  };
  return { mesh, send };
}

test("S47 a burst is let through to its last send, then what refills, also after a while without any", async () => {
  const { mesh, send } = await appWithQuota();
  expect(await send(30)).toBe(BURST);
  await passTime(mesh, 1_000);
  expect(await send(3)).toBe(1);
  // Longer than an idle object stays.
  await passTime(mesh, 15_000);
  expect(await send(30)).toBe(15);
});

test("P8.1 an app leaves memory once its bucket is full, and is full then", async () => {
  const { mesh, send } = await appWithQuota();
  await send(30);
  await passTime(mesh, 20_000);
  expect(mesh.apps.counts).toEqual({ awake: 1, known: 1 });
  await passTime(mesh, 10_000);
  expect(mesh.apps.counts).toEqual({ awake: 0, known: 0 });
  expect(await send(30)).toBe(BURST);
});
