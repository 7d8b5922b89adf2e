/** What strangers leave on the disk of one machine: workerd makes a file for every object that is asked anything. */
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
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
  // What objects do by themselves is done once the directory knows the tag of all devices, 10 s later.
  const isTold = () =>
    databases().some((path) => /TagDirectoryObject.[0-9a-f]{64}\.sqlite$/.test(path));
  await until("the tag directory is told", isTold, 30_000);
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

/** As an object's database is while workerd makes it, for some milliseconds. */
function halfMade(id: number): string {
  const aliases = readdirSync(join(mesh.folder, "storage")).find((name) =>
    /AliasObject/.test(name),
  );
  const file = join(mesh.folder, "storage", aliases ?? "", `${`${id}`.padStart(64, "0")}.sqlite`);
  closeSync(openSync(file, "wx"));
  return file;
}

test("P1.2 H6 a kill while an object's file is made keeps no later start from coming up", async () => {
  const app = await mesh.app("void");
  const push = mesh.sender(app);
  // An alias that nobody set is an object that is asked, too: the class has a folder.
  await expect(push.send({ to: { alias: "nobody" }, data: "x" })).rejects.toMatchObject({
    code: "alias_unknown",
  });
  const files = [halfMade(1)];
  await mesh.kill("workerd");
  files.push(halfMade(2));
  await mesh.halt();
  await mesh.start();
  expect(files.map(existsSync)).toEqual([false, false]);
  files.push(halfMade(3));
  await mesh.kill("machine");
  expect(files.map(existsSync)).toEqual([false, false, false]);
  await expect(push.send({ to: { alias: "nobody" }, data: "x" })).rejects.toMatchObject({
    code: "alias_unknown",
  });
});
