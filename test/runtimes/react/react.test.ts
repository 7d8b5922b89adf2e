/** `pushmesh/react`: in Chromium against a mesh, and on a server. */
import { createServer } from "node:http";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { PushProvider, useLive, usePush, useTag } from "../../../sdk/react/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { demoOf } from "../../mesh/support/mesh.ts";
import { sharedMesh } from "../../mesh/support/shared-mesh.ts";
import { sharedChromium } from "../chromium.ts";

const mesh = sharedMesh();
const newContext = sharedChromium();
const LONG = { timeout: 50_000, interval: 20 };

async function serve(config: object): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL("app.ts", import.meta.url).pathname],
    ...{ bundle: true, write: false, format: "esm", target: "es2024" },
    define: { "process.env.NODE_ENV": '"development"' },
  });
  const script = outputFiles[0]?.contents;
  const server = createServer(({ url }, response) => {
    if (url === "/config") return response.end(JSON.stringify(config));
    response.setHeader("content-type", url === "/app.js" ? "text/javascript" : "text/html");
    return response.end(
      url === "/app.js"
        ? script
        : '<div id="root"></div><script type="module" src="/app.js"></script>',
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

const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();
const shows = (page: Page, id: string, wanted: string | RegExp) =>
  vi.waitFor(async () => expect(await text(page, id)).toMatch(wanted), LONG);

test("R1 R2 R3 R4 components share one client, hear messages, join tags and listen live, also in StrictMode", async () => {
  const { url, appId, keyId, secret } = demoOf(mesh().data);
  const push = new PushServer({ url, keyId, key: secret });
  await push.tags.setLive("score", "open");
  const context = await newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
  await page.goto(await serve({ url, appId }));
  await shows(page, "state", "connected 1");
  expect(await text(page, "regid")).toBe("none");
  await page.locator("#register").click();
  await shows(page, "regid", /^(?!none)/);
  const regId = (await text(page, "regid")) ?? "";

  expect(await push.send({ to: regId, data: "one" })).toMatchObject({ status: "delivered" });
  for (const inbox of ["first", "second"]) await shows(page, inbox, /^one$/);
  await shows(page, "news", "joined");
  const tagsOf = async () => (await push.registration(regId)).tags;
  expect(await tagsOf()).toContain("news");
  await shows(page, "score", "listening – 1");
  await push.broadcast({ to: { tag: "score" }, data: "2:1" });
  await shows(page, "score", "listening 2:1 1");

  // What is gone hears nothing more, and leaves its tag.
  await page.locator("#toggle").click();
  await vi.waitFor(async () => expect(await tagsOf()).not.toContain("news"), LONG);
  await push.send({ to: regId, data: "two" });
  await shows(page, "first", /^one,two$/);
  await page.locator("#toggle").click();
  await shows(page, "news", "joined");
  expect(await text(page, "second")).toBe("");

  await page.locator("#sign-out").click();
  await shows(page, "regid", "none");
  await page.locator("#register").click();
  await shows(page, "regid", /^(?!none)/);
  const next = (await text(page, "regid")) ?? "";
  expect(next).not.toBe(regId);

  // Without a provider there is no link: messages wait.
  await page.locator("#close").click();
  await vi.waitFor(async () => {
    const { status } = await push.send({ to: next, data: "three" }, { wait: 0 });
    expect(status).toBe("queued");
  }, LONG);
  expect(errors).toEqual([]);
});

function View() {
  const { state, regId } = usePush();
  const { isJoined } = useTag("news");
  const live = useLive({ url: "https://push.example.com", appId: "x", tag: "score" });
  return createElement("p", null, `${state} ${regId} ${isJoined} ${live.state}`);
}

test("R5 on a server nothing is connected, and the page says so", () => {
  const connect = vi.fn(() => Promise.reject(new Error("called on a server")));
  const app = createElement(PushProvider, { connect }, createElement(View));
  expect(renderToString(app)).toBe("<p>idle undefined false connecting</p>");
  expect(connect).not.toHaveBeenCalled();
  expect(() => renderToString(createElement(View))).toThrow("no PushProvider");
});
