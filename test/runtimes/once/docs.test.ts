/** The documentation as `npm run docs` builds it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serve } from "../../mesh/support/mesh.ts";
import { ROOT, temporaryFolder } from "../../mesh/support/process.ts";
import { NODE } from "../../support/built.ts";
import { HOST } from "../../support/host.ts";
import { sharedChromium } from "../chromium.ts";

const PAGES = ["index.html", "documents/tutorial.html", "openapi.html"];

const newContext = sharedChromium();

test("G1 G2 the documentation builds without a warning, its links lead somewhere, and a browser has nothing to complain about in what a mesh serves of it", async () => {
  const site = temporaryFolder();
  // Fails on a warning, and on a broken link.
  execFileSync(NODE, [join(ROOT, "scripts/build/docs.ts"), site], { stdio: "pipe" });
  for (const page of PAGES) {
    const text = readFileSync(join(site, page), "utf8");
    expect(text).toContain("pushmesh");
    // The mesh lets a page run files of the site alone.
    expect(text).not.toMatch(/<script(?![^>]* src=)/);
  }
  const args = ["--json", "--data-dir", join(temporaryFolder(), "data"), "--port", "0"];
  const mesh = serve([...args, "--docs", site], [], HOST);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/)) as { url: string };
  const page = await (await newContext()).newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", ({ message }) => complaints.push(message));
  for (const name of PAGES) {
    await page.goto(`${url}/docs/${name}`, { waitUntil: "networkidle" });
    await page.getByText("pushmesh").first().waitFor();
  }
  await page.goto(`${url}/docs`);
  // TypeDoc passes over what is typed before its index has been loaded.
  await page.locator("#tsd-search-status:empty").waitFor({ state: "attached" });
  await page.keyboard.press("/");
  await page.keyboard.type("signOut");
  await page.locator("#tsd-search-results a").first().waitFor();
  expect(complaints).toEqual([]);
});
