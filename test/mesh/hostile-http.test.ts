/** Requests that no HTTP client sends, to real processes. */
import { expect, test } from "vitest";
import { HOST } from "../support/host.ts";
import { startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";
import { rawConnection, rawHttp } from "./support/raw-http.ts";

/** The status of the answer to these bytes. */
async function statusOf(url: string, request: string): Promise<number> {
  // A refusal ends with its advice, a health check with its brace, any other answer with its head.
  const answer = await rawHttp(url, request, /"advice"|\}|\r\n\r\n[^{]*$/);
  return Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1]);
}

const to = (path: string, host: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

test("P8.4 a Host header that is no host reaches no route", async () => {
  const { url } = await startMesh(temporaryFolder());
  for (const host of ["x/healthz?", "x/healthz#", "x@y", "x y", "x\\y"]) {
    expect([host, await statusOf(url, to("/v1/apps", host))]).toEqual([host, 400]);
  }
  for (const host of ["x", "x:80", "[::1]:8787", "a_b.example"]) {
    expect([host, await statusOf(url, to("/healthz", host))]).toEqual([host, 200]);
  }
});

test("P8.4 a health check by HTTP/1.0 without Host is answered by the mesh, or refused by workerd", async () => {
  const { url } = await startMesh(temporaryFolder());
  // workerd takes no request without Host, and nothing of ours is asked: docs/operations says so.
  const expected = HOST === "workerd" ? 400 : 200;
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\n\r\n")).toBe(expected);
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n")).toBe(200);
});

test("P8.4 bodies that break off are not logged as failures", async () => {
  const mesh = await startMesh(temporaryFolder());
  const head = "POST /v1/devices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  for (const framing of [
    "Content-Length: 100\r\n\r\n{",
    "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
  ]) {
    for (let i = 0; i < 20; i++) {
      const socket = await rawConnection(mesh.url);
      await new Promise((resolve) => socket.write(head + framing, resolve));
      socket.resetAndDestroy();
    }
  }
  // All of them have been seen by then: requests are taken in turn.
  for (let i = 0; i < 20; i++) expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
  expect(mesh.process.stderr.all).toEqual([]);
});
