/**
 * Makes the pictures of docs/tutorial.md, by doing what it says: both packages from their tarballs in an empty folder, a mesh, an app and its key, and
 * the chat in two browsers.
 *
 *     npm run pack && node scripts/run.mjs scripts/build/tutorial-images.ts [FOLDER in place of docs/images]
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { npmCommand } from "../../cli/mesh/npm.ts";
import { findChromium } from "../chromium.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARBALLS = join(ROOT, "dist/packages");
const OUT = resolve(ROOT, process.argv[2] ?? "docs/images");
/** Larger ones make the documentation slow to load, and the repository large. */
const IMAGE_BYTES = 50_000;
const SIZE = { width: 760, height: 440 };

const home = mkdtempSync(join(tmpdir(), "pushmesh-tutorial-"));
const folder = join(home, "chat");
const env = {
  ...process.env,
  HOME: home,
  XDG_CONFIG_HOME: join(home, ".config"),
  // Where the mesh finds its Deno, as its user would have installed it.
  PATH: [join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
};
const npm = npmCommand({
  platform: process.platform,
  env: process.env,
  execPath: process.execPath,
});
const started: ChildProcess[] = [];

/** @returns what a terminal shows */
function run(file: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: folder, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")} failed: ${stderr}`);
  return stdout + stderr;
}
const COMMAND = join(folder, "node_modules/pushmesh/bin/pushmesh.mjs");
const pushmesh = (...args: readonly string[]): string => run(process.execPath, [COMMAND, ...args]);

/** Starts a program; resolves with what it has printed once that matches. */
function start(
  args: readonly string[],
  until: RegExp,
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...env, ...more } });
  started.push(child);
  let text = "";
  return new Promise((done, fail) => {
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (until.test(text)) done(text);
    });
    child.stderr.pipe(process.stderr);
    child.on("exit", () => fail(new Error(`it ended: ${args.join(" ")}`)));
  });
}

async function shoot(what: Page | Locator, name: string): Promise<void> {
  const file = join(OUT, `${name}.png`);
  await what.screenshot({ path: file });
  const { size } = statSync(file);
  console.log(`${file}  ${size} bytes`);
  if (size > IMAGE_BYTES) throw new Error(`${file} has more than ${IMAGE_BYTES} bytes`);
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** What a terminal shows of these commands. */
async function shootTerminal(
  page: Page,
  name: string,
  commands: readonly (readonly [string, string])[],
): Promise<void> {
  const lines = commands.map(
    ([command, printed]) => `<b>$ ${escaped(command)}</b>\n${escaped(printed.trim())}\n`,
  );
  await page.setContent(
    `<body style="margin:0;background:#1c2128"><pre style="margin:0;padding:18px;color:#d0d7de;font:13px/1.5 monospace;white-space:pre-wrap;overflow-wrap:anywhere">${lines.join("\n")}</pre>`,
  );
  await shoot(page.locator("pre"), name);
}

/** A page of the chat, in a browser of its own. */
async function openChat(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: SIZE });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel("Your name").waitFor();
  return page;
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByText("Sign in").click();
  await page.getByLabel("Message").waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByText("Send", { exact: true }).click();
}

async function main(browser: Browser): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "chat", "type": "module" }');
  const tarballs = readdirSync(TARBALLS).filter((name) => name.endsWith(".tgz"));
  const paths = tarballs.map((name) => join(TARBALLS, name));
  run(npm.file, [...npm.args, "install", "--offline", "--no-audit", "--no-fund", ...paths]);

  const terminal = await (await browser.newContext({ viewport: SIZE })).newPage();
  const served = await start([COMMAND, "serve", "--port", "0"], /Stop: Ctrl-C/);
  const url = /listens on (\S+)/.exec(served)?.[1] ?? "";
  // Its reader has no other mesh.
  const shown = served.replaceAll(url, "http://127.0.0.1:8787");
  await shootTerminal(terminal, "tutorial-mesh", [["npx pushmesh serve", shown]]);

  const app = pushmesh("app", "create", "Chat");
  const appId = /^appId +(\S+)/m.exec(app)?.[1] ?? "";
  const key = pushmesh("key", "create", "--app", appId);
  await shootTerminal(terminal, "tutorial-app", [
    ["npx pushmesh app create Chat", app],
    [`npx pushmesh key create --app ${appId}`, key.replaceAll(home, "~")],
  ]);
  const [, keyId = ""] = /^keyId +(\S+)/m.exec(key) ?? [];
  const [, secret = ""] = /^secret +(\S+)/m.exec(key) ?? [];

  cpSync(join(folder, "node_modules/pushmesh/examples/chat"), folder, { recursive: true });
  const chat = await start(["server.js"], /http:\S+/, {
    ...{ PUSHMESH_URL: url, PUSHMESH_APP: appId, PUSHMESH_KEY_ID: keyId, PUSHMESH_KEY: secret },
    PORT: "0",
  });
  const [at = ""] = /http:\S+/.exec(chat) ?? [];
  const [anna, ben] = [await openChat(browser, at), await openChat(browser, at)];
  await anna.getByLabel("Your name").fill("anna");
  await shoot(anna, "tutorial-sign-in");
  await signIn(anna, "anna");
  await signIn(ben, "ben");
  await say(anna, "Hello all!");
  await ben.getByText("anna: Hello all!").waitFor();
  await say(ben, "Hello Anna.");
  await anna.getByText("ben: Hello Anna.").waitFor();
  await say(ben, "@anna This is for you alone.");
  await anna.getByText("ben: This is for you alone.").waitFor();
  await shoot(anna, "tutorial-anna");
  await shoot(ben, "tutorial-ben");
}

const executablePath = findChromium();
if (executablePath === undefined) throw new Error("no Chromium on PATH: install it");
const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath, args });
try {
  await main(browser);
} finally {
  await browser.close();
  for (const child of started.reverse()) child.removeAllListeners("exit").kill("SIGTERM");
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}
