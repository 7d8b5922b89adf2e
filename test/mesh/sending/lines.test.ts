/** `pushmesh send --stdin`, which sends by a sender link. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { ROOT } from "../../support/host.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("lines");
});

afterAll(() => mesh.stop());

async function sendLines(lines: string): Promise<{ code: number | null; out: string }> {
  const env = {
    ...process.env,
    PUSHMESH_URL: mesh.url,
    PUSHMESH_KEY_ID: app.keyId,
    PUSHMESH_KEY: app.secret,
  };
  const args = [join(ROOT, "bin/pushmesh.mjs"), "send", "--stdin"];
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (bytes) => {
    out += bytes;
  });
  child.stdin.end(lines);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out };
}

test("K1 pushmesh send --stdin sends a message for each line, and tells which it could not", async () => {
  const got: unknown[] = [];
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onMessage(({ data }) => void got.push(data));
  const to = await client.register();
  const all = [1, 2, 3].map((n) => JSON.stringify({ to, data: { n } })).join("\n");
  const good = await sendLines(`${all}\n\n`);
  expect(good.out.trim().split("\n")).toHaveLength(3);
  expect(good.code).toBe(0);
  expect(got).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  const bad = await sendLines(`no JSON\n${JSON.stringify({ to: "x", data: "a" })}\n${all}\n`);
  expect(bad.code).toBe(3);
  expect(bad.out).toContain("1  refused  line_invalid");
  expect(bad.out).toContain("2  refused  reg_id_invalid");
  expect(got).toHaveLength(6);
});
