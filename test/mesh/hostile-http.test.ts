/** Requests that no HTTP client sends, to real processes. */
import { expect, test } from "vitest";
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

test("P8.4 a health check by HTTP/1.0 is answered, with Host and without", async () => {
  const { url } = await startMesh(temporaryFolder());
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\n\r\n")).toBe(200);
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n")).toBe(200);
});

test("P8.4 what has several forms is the same request on every host", async () => {
  const { url } = await startMesh(temporaryFolder());
  const ask = (line: string, ...more: string[]) =>
    statusOf(url, [line, "Host: x", ...more, "Connection: close", "", ""].join("\r\n"));
  // A proxy's form; its host counts, and has to be one.
  expect(await ask("GET http://y/healthz HTTP/1.1")).toBe(200);
  expect(await ask("GET http://y/v1/apps?z HTTP/1.1")).toBe(401);
  expect(await ask("GET http://u:p@y/healthz HTTP/1.1")).toBe(400);
  expect(await ask("GET http://y:x/healthz HTTP/1.1")).toBe(400);
  expect(await ask("GET y:80 HTTP/1.1")).toBe(400);
  expect(await ask("OPTIONS * HTTP/1.1")).toBe(400);
  expect(await ask("GET /h\u00e4 HTTP/1.1")).toBe(400);
  // Methods of no route.
  expect(await ask("get /healthz HTTP/1.1")).toBe(405);
  expect(await ask("BREW /healthz HTTP/1.1")).toBe(405);
  expect(await ask("TRACE /healthz HTTP/1.1")).toBe(405);
  // A body where none is read, and other protocols.
  expect(await ask("GET /healthz HTTP/1.1", "Content-Length: 0")).toBe(200);
  expect(await ask("GET /healthz HTTP/1.1", "Upgrade: h2c")).toBe(200);
  expect(await ask("GET /healthz HTTP/1.1", "Expect: x")).toBe(200);
});

test("P8.4 a request for a WebSocket that has a body is refused, as it could be read as frames", async () => {
  const { url } = await startMesh(temporaryFolder());
  const upgrade = [
    "GET /v1/connect HTTP/1.1",
    "Host: x",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    "Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x",
  ];
  const statusWith = (...more: string[]) => statusOf(url, [...upgrade, ...more].join("\r\n"));
  expect(await statusWith("", "")).toBe(101);
  expect(await statusWith("Content-Length: 0", "", "")).toBe(101);
  expect(await statusWith("Content-Length: 5", "", "hello")).toBe(400);
  expect(await statusWith("Transfer-Encoding: chunked", "", "0", "", "")).toBe(400);
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
