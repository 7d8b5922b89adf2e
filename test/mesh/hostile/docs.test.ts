/** The documentation at /docs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HOST } from "../../support/host.ts";
import { serve } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { rawConnection, rawHttp } from "../support/raw-http.ts";
import { shared } from "../support/shared-mesh.ts";

/** More than a connection takes while its client does not read. */
const LARGE = "x".repeat(2_000_000);
const FILES: Readonly<Record<string, string>> = {
  "index.html": "<h1>First page</h1>",
  "documents/guide.html": "<h1>Guide</h1>",
  "assets/main.js": LARGE,
  "media/LICENSE": "As you like.",
  "media/app.ts": "export {};",
  ".secret.html": "no",
};

function siteIn(folder: string): string {
  const site = join(folder, "site");
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(join(site, name, ".."), { recursive: true });
    writeFileSync(join(site, name), text);
  }
  writeFileSync(join(folder, "outside.html"), "no");
  return site;
}

const standing = shared(async (atEnd) => {
  const folder = temporaryFolder(atEnd);
  const data = join(folder, "data");
  const args = ["--json", "--data-dir", data, "--port", "0", "--docs", siteIn(folder)];
  const process = serve(args, [], HOST, atEnd);
  const { url } = JSON.parse(await process.stdout.match(/"ready"/)) as { url: string };
  return { url };
});

const get = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, standing().url), { redirect: "manual", ...init });

const requestOf = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nhost: mesh\r\nconnection: close\r\n\r\n`;

/** As written: fetch resolves `..` itself. */
async function raw(target: string): Promise<string> {
  return rawHttp(standing().url, requestOf(target), /\r\n\r\n/);
}

describe("G2 a mesh on one machine serves the documentation", () => {
  test("its pages, and what they load, each as what it is", async () => {
    const types = {
      "/docs/": "text/html; charset=utf-8",
      "/docs/documents/guide.html": "text/html; charset=utf-8",
      "/docs/assets/main.js": "text/javascript; charset=utf-8",
      "/docs/media/LICENSE": "text/plain; charset=utf-8",
      "/docs/media/app.ts": "text/plain; charset=utf-8",
    };
    for (const [path, type] of Object.entries(types)) {
      const page = await get(path);
      expect([path, page.status, page.headers.get("content-type")]).toEqual([path, 200, type]);
      expect(await page.text()).toBe(FILES[path.slice("/docs/".length) || "index.html"]);
    }
    const bare = await get("/docs");
    expect([bare.status, bare.headers.get("location")]).toEqual([308, "/docs/"]);
  });

  test("a browser runs nothing in them but their own files, and calls nothing", async () => {
    const { headers } = await get("/docs/");
    const policy = headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src data:;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("HEAD tells the length; other methods are refused", async () => {
    const head = await get("/docs/assets/main.js", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, `${LARGE.length}`]);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const refused = await get("/docs/", { method });
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET"]);
    }
  });

  test.each([
    "/docs/../outside.html",
    "/docs/..%2foutside.html",
    "/docs/%2e%2e/outside.html",
    "/docs/documents/..%2f..%2f..%2foutside.html",
    "/docs/..\\outside.html",
    "/docs/%5c..%5coutside.html",
    "/docs//outside.html",
    "/docs/%2foutside.html",
    "/docs/.secret.html",
    "/docs/%2esecret.html",
    "/docs/index.html%00",
    "/docs/documents",
    "/docs/documents/",
    "/docs/media/",
    "/docs/none.html",
  ])("G2 nothing else is to be had: %s", async (target) => {
    expect(await raw(target)).toMatch(/^HTTP\/1\.1 (400|404) /);
  });

  test("G2 who does not read delays nobody, and has all of it once it reads", async () => {
    const slow = await rawConnection(standing().url);
    slow.write(requestOf("/docs/assets/main.js"));
    // Others are served meanwhile, and this one gets all of it when it reads.
    for (let i = 0; i < 20; i++) expect((await get("/docs/")).status).toBe(200);
    let answer = "";
    for await (const chunk of slow) answer += chunk;
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(LARGE);
  });
});

test("G2 a folder without documentation is refused at the start", async () => {
  const folder = temporaryFolder();
  const mesh = serve(["--data-dir", join(folder, "data"), "--port", "0", "--docs", folder]);
  expect(await mesh.exited).toBe(1);
  expect(mesh.stderr.text).toBe(`pushmesh: --docs ${folder}: there is no index.html in it`);
});
