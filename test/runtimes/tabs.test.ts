/** The examples of docs/tabs.md, as they stand there, in a browser with two tabs. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { PushServer } from "../../sdk/server/mod.ts";
import { demoOf } from "../mesh/support/mesh.ts";
import { ROOT } from "../mesh/support/process.ts";
import { sharedMesh } from "../mesh/support/shared-mesh.ts";
import { sharedChromium } from "./chromium.ts";

const sdk = inject("sdk");
const mesh = sharedMesh();
const newContext = sharedChromium();

/** The examples by the name in their first line. */
const EXAMPLES = new Map(
  [
    ...readFileSync(join(ROOT, "docs/tabs.md"), "utf8").matchAll(
      /```js\n\/\/ (\S+)\n([\s\S]*?)```/g,
    ),
  ].map(([, name = "", text = ""]) => [`/${name}`, text]),
);

const SCRIPT = /^\/(device[\w-]*|shared-worker)\.js$/;

/** An origin that serves the examples for this mesh, a page for each, and the SDK as its users build it. */
async function serveExamples({ url, appId }: { url: string; appId: string }): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const example = EXAMPLES.get(path);
    // The package, and what its scripts import of each other.
    const script = SCRIPT.test(path) ? readFileSync(join(sdk, path), "utf8") : example;
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(
      script === undefined
        ? `<script type="module" src="${path.replace(".html", ".js")}"></script>`
        : script
            .replace('"pushmesh/device"', '"/device.js"')
            .replace('"pushmesh/shared-worker"', '"/shared-worker.js"')
            .replace("https://push.example.com", url)
            .replace("<appId>", appId),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function meshAndBrowser() {
  const demo = demoOf(mesh().data);
  const origin = await serveExamples(demo);
  const server = new PushServer({ url: demo.url, keyId: demo.keyId, key: demo.secret });
  return { origin, server, context: await newContext() };
}

/** Opens a page; what it prints, line by line. */
async function open(
  context: BrowserContext,
  url: string,
): Promise<{ page: Page; lines: string[] }> {
  const page = await context.newPage();
  const lines: string[] = [];
  page.on("console", (line) => lines.push(line.text()));
  page.on("pageerror", (error) => lines.push(`${error}`));
  await page.goto(url);
  return { page, lines };
}

const LONG = { timeout: 50_000, interval: 20 };

test.each([
  ["one of them", "page"],
  ["a SharedWorker", "worker-page"],
])(
  "W1 W3 P2.1 tabs whose link is in %s are one device: each shows a message once, also after one is closed",
  async (_, name) => {
    const { origin, server, context } = await meshAndBrowser();
    const one = await open(context, `${origin}/${name}.html`);
    await vi.waitUntil(() => one.lines.length > 0, LONG);
    const two = await open(context, `${origin}/${name}.html`);
    await vi.waitUntil(() => two.lines.length > 0, LONG);
    const [regId = ""] = one.lines;
    expect(two.lines).toEqual([regId]);
    const first = await server.send({ to: regId, data: "both" });
    expect(first.status).toBe("delivered");
    for (const { lines } of [one, two])
      await vi.waitUntil(() => lines.includes(`${first.id} both`), LONG);
    await one.page.close();
    const second = await server.send({ to: regId, data: "left" });
    await vi.waitUntil(() => two.lines.includes(`${second.id} left`), LONG);
    expect(two.lines).toEqual([regId, `${first.id} both`, `${second.id} left`]);
  },
);

test.each([
  [
    "one of them",
    "",
    (page: Page) =>
      page.evaluate(`new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("pushmesh");
    request.onsuccess = () => resolve();
    request.onerror = reject;
  })`),
  ],
  [
    "a SharedWorker",
    `worker: () => new SharedWorker("/push-worker.js", { type: "module", name: "push" }),`,
    async (page: Page) => {
      const devtools = await page.context().newCDPSession(page);
      const { origin } = new URL(page.url());
      await devtools.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
    },
  ],
] as const)(
  "W8 tabs whose link is in %s are told that their storage was cleared, and register again",
  async (_, worker, clear) => {
    EXAMPLES.set(
      "/cleared.js",
      `import { connect } from "pushmesh/device";
     const push = await connect({ ${worker} url: "https://push.example.com", appId: "<appId>" });
     push.onError(({ code }) => console.log(code));
     push.onMessage(({ data }) => console.log("shown", data));
     window.push = push;
     console.log(await push.register());`,
    );
    const { origin, server, context } = await meshAndBrowser();
    const one = await open(context, `${origin}/cleared.html`);
    await vi.waitUntil(() => one.lines.length > 0, LONG);
    const two = await open(context, `${origin}/cleared.html`);
    await vi.waitUntil(() => two.lines.length > 0, LONG);
    const [regId = ""] = one.lines;
    await clear(two.page);
    // Whatever reads the storage notices it: a message, the next heartbeat.
    await server.send({ to: regId, data: "before" });
    for (const { lines } of [one, two])
      await vi.waitUntil(() => lines.includes("registration_lost"), LONG);
    const other = String(await two.page.evaluate("push.register()"));
    expect(other).not.toBe(regId);
    await vi.waitUntil(async () => (await one.page.evaluate("push.regId")) === other, LONG);
    const { status } = await server.send({ to: other, data: "after" });
    expect(status).toBe("delivered");
    for (const { lines } of [one, two])
      await vi.waitUntil(() => lines.includes("shown after"), LONG);
  },
);

test("P4.1 an app has its messages by a port to the service of a worker", async () => {
  const { origin, server, context } = await meshAndBrowser();
  const { lines } = await open(context, `${origin}/app.html`);
  await vi.waitUntil(() => lines.length > 0, LONG);
  const [regId = ""] = lines;
  const { id, status } = await server.send({ to: regId, data: "by port" });
  expect(status).toBe("delivered");
  await vi.waitUntil(() => lines.includes(`${id} by port`), LONG);
});

test("S22 a tab that was replaced signs the user out: the tab with the link shows no message any more, and the registration ends", async () => {
  EXAMPLES.set(
    "/own-link.js",
    `import { connect } from "pushmesh/device";
     const push = await connect({ url: "https://push.example.com", appId: "<appId>", share: false });
     push.onState(({ state }) => console.log(state));
     push.onMessage(({ data }) => console.log("shown", data));
     window.push = push;
     console.log(await push.register());`,
  );
  const { origin, server, context } = await meshAndBrowser();
  const older = await open(context, `${origin}/own-link.html`);
  const regIdOf = (lines: string[]) => lines.find((line) => line.length >= 60);
  await vi.waitUntil(() => regIdOf(older.lines), LONG);
  const newer = await open(context, `${origin}/own-link.html`);
  await vi.waitUntil(() => regIdOf(newer.lines), LONG);
  await vi.waitUntil(() => older.lines.includes("closed"), LONG);
  const regId = regIdOf(newer.lines) ?? "";
  expect(regIdOf(older.lines)).toBe(regId);
  await older.page.evaluate("push.signOut()");
  const sent = server.send({ to: regId, data: "for the user who left" });
  await expect(sent).resolves.toMatchObject({ status: "unregistered" });
  expect(await newer.page.evaluate("push.regId")).toBeUndefined();
  expect(newer.lines.filter((line) => line.startsWith("shown"))).toEqual([]);
  const other = String(await newer.page.evaluate("push.register()"));
  expect(other).not.toBe(regId);
  const { status } = await server.send({ to: other, data: "for the next" });
  expect(status).toBe("delivered");
  await vi.waitUntil(() => newer.lines.includes("shown for the next"), LONG);
});
