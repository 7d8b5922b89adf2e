/** Whoever polls and has the answer already is told so, without it. */
import { beforeAll, expect, it } from "vitest";
import { admin, createApp, signed, type TestApp } from "./support/app.ts";
import { fetchCounting } from "./support/mesh.ts";

let app: TestApp;

beforeAll(async () => {
  app = await createApp();
});

async function get(path: string, headers: Record<string, string> = {}) {
  const request = await signed(app, { method: "GET", path, headers });
  return (await fetchCounting(request)).response;
}

it("Y9 an answer to GET has an ETag, and with that it is 304 until it changes", async () => {
  const first = await get("/v1/tags");
  const tag = first.headers.get("etag") ?? "";
  expect(tag).toMatch(/^W\/"[0-9a-f]{32}"$/);
  const same = await get("/v1/tags", { "if-none-match": tag });
  expect([same.status, await same.text(), same.headers.get("etag")]).toEqual([304, "", tag]);
  expect((await get("/v1/tags", { "if-none-match": 'W/"other"' })).status).toBe(200);
  // Nobody but the app itself is told that there is an answer.
  const stranger = new Request("https://push.example.com/v1/tags", {
    headers: { "if-none-match": tag },
  });
  expect((await fetchCounting(stranger)).response.status).toBe(401);
});

it("Y9 so has one to an operator; an error has none", async () => {
  const path = `/v1/apps/${app.appId}`;
  const first = await admin(path, "GET");
  expect(first.headers.get("etag")).toMatch(/^W\//);
  const missing = await get("/v1/messages/x");
  expect([missing.status, missing.headers.get("etag")]).toEqual([400, null]);
});
