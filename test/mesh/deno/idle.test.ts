/**
 * What an idle device costs the disk of a real process. Of this host alone, because it looks at the files; that a
 * heartbeat leaves a device asleep is not to be seen from outside (hosts/deno/links.ts answers it without the device,
 * and test/hosts/deno/objects/mesh.test.ts counts who is in memory).
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { TagsAnswerBody } from "../../../schema/http.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { SOON } from "../../support/soon.ts";
import { call } from "../support/listener.ts";
import { RawDevice } from "../support/raw-device.ts";

const DEVICES = 10;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("idle");
});

afterAll(() => mesh.stop());

/** Size and time of change of the database and its log. */
function files(): Readonly<Record<string, string>> {
  const names = readdirSync(mesh.folder).filter((name) => name.startsWith("mesh.db"));
  return Object.fromEntries(
    names.map((name) => {
      const { size, mtimeMs } = statSync(join(mesh.folder, name));
      return [name, `${size} ${mtimeMs}`];
    }),
  );
}

test("P6.3 heartbeats of idle devices write nothing, and the next message still arrives", async () => {
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, async () => {
      const device = await RawDevice.greet(mesh.url);
      return { device, registration: await device.register(app.appId) };
    }),
  );
  // A registration joins the tag of all devices behind its answer, and their count is told 10 s later: the last that is written by itself.
  const counted = async () => {
    const answer = await call(mesh.url, app, "GET", "/v1/tags");
    const { tags } = (await answer.json()) as TagsAnswerBody;
    return tags[0]?.members;
  };
  await expect.poll(counted, { interval: 500, timeout: 40_000 }).toBe(DEVICES);
  let written: ReturnType<typeof files> = {};
  /** Sends heartbeats after half a second without a write. @returns whether nothing was written meanwhile */
  const isQuiet = async (): Promise<boolean> => {
    await vi.waitFor(
      () => {
        const before = written;
        written = files();
        expect(written).toEqual(before);
      },
      { interval: 500, ...SOON },
    );
    for (let beat = 0; beat < 20; beat++) {
      for (const { device } of devices) device.socket.text("ping");
      for (const { device } of devices)
        expect(await device.socket.next()).toEqual({ kind: "text", text: "pong" });
    }
    return JSON.stringify(files()) === JSON.stringify(written);
  };
  // What the mesh writes by itself meanwhile, such as when a key was last used, spoils one look; heartbeats that write spoil all.
  let looks = 0;
  while (!(await isQuiet())) expect(++looks).toBeLessThan(5);
  expect(Object.keys(written)).toContain("mesh.db-wal");

  const sender = mesh.sender(app);
  const told = devices.map(async ({ device, registration }) => {
    const sent = sender.send({ to: registration.regId, data: "x" }, { wait: 1 });
    expect(await device.next()).toMatchObject({ kind: "deliver" });
    expect((await sent).status).toBe("queued");
  });
  await Promise.all(told);
  for (const { device } of devices) device.socket.destroy();
  // The measure can fail: what is queued is written.
  expect(files()).not.toEqual(written);
});
