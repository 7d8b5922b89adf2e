/**
 * What anybody can make without a credential leaves nothing on disk. Of this host alone: workerd makes a database file without
 * tables for every object that it is asked for, and has no way to remove it while it runs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Mesh } from "../../chaos/mesh.ts";
import { RawAccount } from "../support/raw-device.ts";

const COUNT = 100;
let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

/** Database files, but the logs beside them. */
const databases = (): string[] =>
  readdirSync(mesh.folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(sqlite|db)$/.test(name),
  );

it("P8.10 accounts that nothing is registered for, and made-up live tags, leave no database and no row", async () => {
  const app = await mesh.app("growth");
  const before = databases();
  const names: string[] = [];
  for (let n = 0; n < COUNT; n++) {
    const { credential } = await new RawAccount().open(mesh.url);
    names.push(Buffer.from(credential, "base64url").subarray(1, 17).toString("base64url"));
    const live = `${mesh.url}/v1/apps/${app.appId}/tags/made-up-${n}/live`;
    const answer = await fetch(live, { headers: { accept: "text/event-stream" } });
    expect(answer.status).toBe(401);
  }
  const made = databases().filter((name) => !before.includes(name));
  expect(made).toEqual([]);
  for (const name of before) {
    const bytes = readFileSync(join(mesh.folder, name));
    for (const device of names) expect(bytes.includes(device)).toBe(false);
  }
});
