/** The examples, run as their readers run them: in a folder of their own, with the package as it is installed. */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, inject, test, vi } from "vitest";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { MeshAdmin, PushServer } from "../../sdk/server/mod.ts";
import { demoOf, readJson } from "../mesh/support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../mesh/support/process.ts";
import { sharedMesh } from "../mesh/support/shared-mesh.ts";
import { NODE } from "../support/built.ts";
import { sharedChromium } from "./chromium.ts";

const mesh = sharedMesh();
const newContext = sharedChromium();
const DENO = join(ROOT, "node_modules/.bin/deno");
const LONG = { timeout: 50_000, interval: 20 };

/** A copy of the examples, with the package beside them. */
function examples(): string {
  const folder = temporaryFolder();
  cpSync(join(ROOT, "examples"), folder, { recursive: true });
  const installed = join(folder, "node_modules/pushmesh");
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, "packages/pushmesh/package.json"), join(installed, "package.json"));
  cpSync(inject("sdk"), join(installed, "dist/sdk"), { recursive: true });
  return folder;
}

function adminOf(): MeshAdmin {
  const { adminToken: token } = readJson(join(mesh().data, "secrets.json")) as {
    adminToken: string;
  };
  return new MeshAdmin({ url: mesh().url, token });
}

/** Starts a server of the examples. @returns its URL */
async function serving(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const server = start(NODE, args, { PUSHMESH_URL: mesh().url, PORT: "0", ...env });
  return server.stdout.match(/^http/);
}

async function open(url: string): Promise<Page> {
  const context = await newContext();
  await context.grantPermissions(["notifications"], { origin: url });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const linesOf = (page: Page): Promise<string[]> => page.locator("#messages li").allTextContents();

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByText("Sign in").click();
  await page.getByLabel("Message").waitFor({ state: "visible" });
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByText("Send", { exact: true }).click();
}

test("S1 the chat: people sign in by grants, talk in a room and in private, and sign out", async () => {
  const { appId } = await adminOf().createApp("Chat");
  const { keyId, secret } = await adminOf().createKey(appId);
  const env = { PUSHMESH_APP: appId, PUSHMESH_KEY_ID: keyId, PUSHMESH_KEY: secret };
  const url = await serving([join(examples(), "chat/server.js")], env);
  const [anna, ben] = [await open(url), await open(url)];
  // Who is not in the room hears nothing, so nobody can speak before.
  for (const page of [anna, ben]) {
    await page.getByLabel("Your name").waitFor({ state: "visible" });
    expect(await page.getByLabel("Message").isVisible()).toBe(false);
  }
  await signIn(anna, "anna");
  await signIn(ben, "ben");
  await say(anna, "hello all");
  for (const page of [anna, ben])
    await vi.waitFor(async () => expect(await linesOf(page)).toEqual(["anna: hello all"]), LONG);
  await say(ben, "@anna only you");
  await vi.waitFor(async () => expect(await linesOf(anna)).toContain("ben: only you"), LONG);
  expect(await linesOf(ben)).toEqual(["anna: hello all"]);
  // The next user of Ben's browser hears nothing of what was for Ben, in no tab.
  const other = await ben.context().newPage();
  await other.goto(url);
  await other.getByText("Sign out").click();
  await ben.getByLabel("Your name").waitFor({ state: "visible" });
  expect(await linesOf(ben)).toEqual([]);
  await signIn(ben, "carl");
  await say(anna, "@ben are you there?");
  await say(anna, "@carl welcome");
  await vi.waitFor(async () => expect(await linesOf(ben)).toEqual(["anna: welcome"]), LONG);
});

test("V1 the live page shows what is broadcast to its tag", async () => {
  const demo = demoOf(mesh().data);
  const push = new PushServer({ url: demo.url, keyId: demo.keyId, key: demo.secret });
  await push.tags.setLive("score", "open");
  const url = await serving([join(examples(), "serve.js"), "live"], { PUSHMESH_APP: demo.appId });
  const page = await open(url);
  await page.getByText("1 watching").waitFor({ timeout: LONG.timeout });
  await push.broadcast({ to: { tag: "score" }, data: "2 : 1" });
  await page.getByText("2 : 1").waitFor({ timeout: LONG.timeout });
});

test("N1 the service worker shows a notification", async () => {
  const demo = demoOf(mesh().data);
  const url = await serving([join(examples(), "serve.js"), "worker"], { PUSHMESH_APP: demo.appId });
  const page = await open(url);
  await page.getByText("Tell me").click();
  const regId = await vi.waitFor(async () => {
    const text = await page.locator("#regid").textContent();
    expect(text).toBeTruthy();
    return text ?? "";
  }, LONG);
  const push = new PushServer({ url: demo.url, keyId: demo.keyId, key: demo.secret });
  const notification = { title: "Hello" };
  // The user looks at the page, so the worker shows none, and the message is delivered.
  expect(await push.send({ to: regId, notification })).toMatchObject({ status: "delivered" });
});

test("S64 the script sends with its token", async () => {
  const { url, appId } = demoOf(mesh().data);
  const { secret } = await adminOf().createKey(appId, { algorithm: "bearer" });
  const heard: unknown[] = [];
  const device = await connect({ url, appId, storage: memoryStorage() });
  device.onMessage(({ data }) => void heard.push(data));
  await device.register();
  await device.setAlias("on-duty");
  const env = { MESH: mesh().url, TOKEN: secret, TARGET: join(temporaryFolder(), "backup.tgz") };
  const script = start("/bin/sh", [join(examples(), "cron/backup.sh")], env);
  expect(await script.exited).toBe(0);
  await vi.waitFor(() => expect(heard).toEqual(["Backup done"]), LONG);
  const failing = start("/bin/sh", [join(examples(), "cron/backup.sh")], {
    ...{ ...env, SOURCE: "/nowhere" },
  });
  await failing.exited;
  await vi.waitFor(() => expect(heard[1]).toMatch(/^Backup failed on /), LONG);
  await device.close();
});

test("S20 the device in Deno is the same after a restart", async () => {
  const demo = demoOf(mesh().data);
  const folder = examples();
  const cwd = join(folder, "device");
  const begin = () => {
    const permissions = ["net", "read", "write", "env"].map((name) => `--allow-${name}`);
    const args = ["run", "--quiet", ...permissions, join(cwd, "device.ts"), demo.url, demo.appId];
    // It keeps its state where it is started.
    return start("/bin/sh", ["-c", 'cd "$0" && exec "$@"', cwd, DENO, ...args]);
  };
  const first = begin();
  const regId = await first.stdout.match(/^regId/);
  first.kill("SIGKILL");
  await first.exited;
  const push = new PushServer({ url: demo.url, keyId: demo.keyId, key: demo.secret });
  const to = regId.split(" ")[1] ?? "";
  await push.send({ to, data: { n: 1 } });
  const second = begin();
  expect(await second.stdout.match(/^regId/)).toBe(regId);
  await second.stdout.match(/\{"n":1\}/);
});
