/** What strangers leave on the disk of one machine: workerd makes a file for every object that is asked anything. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mesh } from "../../chaos/mesh.ts";
import { RawAccount, RawDevice } from "../support/raw-device.ts";

const STRANGERS = 50;

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

const databases = (): string[] =>
  readdirSync(join(mesh.folder, "storage"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sqlite"))
    .sort();

test("P8.10 files of objects that were only asked are removed at the next start, and no other", async () => {
  const app = await mesh.app("void");
  const device = await RawDevice.greet(mesh.url);
  const { regId } = await device.register(app.appId);
  const push = mesh.sender(app);
  expect(await push.send({ to: regId, data: "before" }, { respondAsync: true })).toMatchObject({
    status: "queued",
  });
  // What objects do by themselves is done, and those that have something are on disk.
  await mesh.halt();
  await mesh.start();
  const standing = databases();
  for (let n = 0; n < STRANGERS; n++) {
    await new RawAccount().open(mesh.url);
    const live = `${mesh.url}/v1/apps/${app.appId}/tags/made-up-${n}/live`;
    const answer = await fetch(live, { headers: { accept: "text/event-stream" } });
    expect(answer.status).toBe(401);
  }
  expect(databases().length).toBeGreaterThanOrEqual(standing.length + STRANGERS);
  await mesh.halt();
  await mesh.start();
  expect(databases()).toEqual(standing);
  expect(await push.send({ to: regId, data: "after" }, { respondAsync: true })).toMatchObject({
    status: "queued",
  });
});
