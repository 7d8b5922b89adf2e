/** What an idle device costs a real process, as the system sees it. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TagsAnswerBody } from "../../../schema/http.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
import { call } from "../support/listener.ts";
import { RawDevice } from "../support/raw-device.ts";

const DEVICES = 10;
/** The runtime puts an object to sleep after 10 s of silence. */
const SLEEP_MS = 40_000;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("idle");
});

afterAll(() => mesh.stop());

const descriptors = (): number => readdirSync(`/proc/${mesh.pid}/fd`).length;

const folder = (): string => join(mesh.folder, "storage", "pushmesh-DeviceObject");

/** Size and time of change of every database and journal of the devices, none of which may go away meanwhile. */
function files(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder()).map((name) => {
      const { size, mtimeMs } = statSync(join(folder(), name));
      return [name, `${size} ${mtimeMs}`];
    }),
  );
}

test("P6.3 heartbeats of idle devices wake nothing and write nothing, and the next message still arrives", async () => {
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, async () => {
      const device = await RawDevice.greet(mesh.url);
      return { device, registration: await device.register(app.appId) };
    }),
  );
  // The database of an object that sleeps is closed, and its journal goes with it.
  const awake = (): string[] =>
    readdirSync(folder()).filter((name) => /^[0-9a-f]+\.sqlite-wal$/.test(name));
  // The measure can fail: the last of them is awake for 10 s.
  expect(awake()).not.toEqual([]);
  // The count of all devices is told meanwhile: the last that happens by itself.
  const counted = async () => {
    const answer = await call(mesh.url, app, "GET", "/v1/tags");
    const { tags } = (await answer.json()) as TagsAnswerBody;
    return tags[0]?.members;
  };
  await expect.poll(counted, { interval: 500, timeout: SLEEP_MS }).toBe(DEVICES);
  await until(
    () => `sleep of ${awake().length} devices`,
    () => awake().length === 0,
    SLEEP_MS,
  );

  const written = files();
  // Others of this process, such as the app's own object, may still fall asleep; none may wake.
  let held = descriptors();
  for (let beat = 0; beat < 20; beat++) {
    for (const { device } of devices) device.socket.text("ping");
    for (const { device } of devices)
      expect(await device.socket.next()).toEqual({ kind: "text", text: "pong" });
    expect(descriptors()).toBeLessThanOrEqual(held);
    held = descriptors();
  }
  expect(files()).toEqual(written);

  const sender = mesh.sender(app);
  const woken = devices.map(async ({ device, registration }) => {
    const sent = sender.send({ to: registration.regId, data: "wake up" }, { wait: 1 });
    expect(await device.next()).toMatchObject({ kind: "deliver" });
    expect((await sent).status).toBe("queued");
  });
  await Promise.all(woken);
  // The measure can fail: objects that were woken do hold more, and did write.
  expect(descriptors()).toBeGreaterThan(held);
  expect(files()).not.toEqual(written);
  for (const { device } of devices) device.socket.destroy();
});
