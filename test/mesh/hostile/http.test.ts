/** Requests that no HTTP client sends, to real processes, beside a healthy device and sender that must notice nothing. */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { describe, expect, it, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { until } from "../../chaos/wait.ts";
import { withBystander } from "../support/bystander.ts";
import { startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { rawConnection, rawHttp } from "../support/raw-http.ts";
import { signedPost } from "../support/signed-post.ts";

const bystander = withBystander();

/** The status of the answer to these bytes. */
async function statusOf(url: string, request: string): Promise<number> {
  // A refusal ends with its advice, a health check with its brace, any other answer with its head.
  const answer = await rawHttp(url, request, /"advice"|\}|\r\n\r\n[^{]*$/);
  return Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1]);
}

const to = (path: string, host: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

test("P8.4 a Host header that is no host reaches no route", async () => {
  const { url } = bystander().mesh;
  for (const host of ["x/healthz?", "x/healthz#", "x@y", "x y", "x\\y"]) {
    expect([host, await statusOf(url, to("/v1/apps", host))]).toEqual([host, 400]);
  }
  for (const host of ["x", "x:80", "[::1]:8787", "a_b.example"]) {
    expect([host, await statusOf(url, to("/healthz", host))]).toEqual([host, 200]);
  }
});

test("P8.4 a client that speaks TLS to a port without is told at once", async () => {
  const { port } = new URL(bystander().mesh.url);
  const began = performance.now();
  const asking = fetch(`https://127.0.0.1:${port}/healthz`);
  await expect(asking).rejects.toMatchObject({ cause: { code: expect.stringContaining("SSL") } });
  expect(performance.now() - began).toBeLessThan(LIMITS.HEAD_TIMEOUT_MS / 2);
});

test("P8.4 a health check by HTTP/1.0 is answered, with Host and without", async () => {
  const { url } = bystander().mesh;
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\n\r\n")).toBe(200);
  expect(await statusOf(url, "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n")).toBe(200);
});

test("P8.4 a request after one whose body no route reads is answered, on one connection", async () => {
  const { url } = bystander().mesh;
  for (const length of [LIMITS.BODY_BYTES, 65_536, LIMITS.MESSAGE_BODY_BYTES]) {
    const body = `Content-Length: ${length}\r\n\r\n${"a".repeat(length)}`;
    const unread = `POST /v1/nope HTTP/1.1\r\nHost: x\r\n${body}`;
    const answers = await rawHttp(
      url,
      unread + to("/healthz", "x"),
      /HTTP\/1\.1[\s\S]*HTTP\/1\.1[\s\S]*\}/,
    );
    const statuses = Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
    expect([length, ...statuses]).toEqual([length, "404", "200"]);
  }
});

test("P8.4 a request that can be written in several ways is the same on every host", async () => {
  const { url } = bystander().mesh;
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
  const { url } = bystander().mesh;
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

describe("P8.1 bodies over real connections:", () => {
  /** A send whose body is exactly so many bytes: JSON may end in spaces. */
  const bodyOf = (bytes: number) =>
    Buffer.from(JSON.stringify({ to: bystander().regId, data: "at the bound" }).padEnd(bytes));

  it("are accepted at the bound and refused one past it, with a length or in chunks", async () => {
    const { mesh, app } = bystander();
    for (const chunked of [false, true]) {
      const at = await signedPost(mesh.url, app, bodyOf(LIMITS.MESSAGE_BODY_BYTES), { chunked });
      expect(at).toMatchObject({ status: 200, body: { status: "delivered" } });
      const past = await signedPost(mesh.url, app, bodyOf(LIMITS.MESSAGE_BODY_BYTES + 1), {
        chunked,
      });
      expect(past).toMatchObject({ status: 413, body: { code: "body_too_large" } });
    }
  });

  it("Y5 a batch is accepted at its own bound and refused one past it, with a length or in chunks", async () => {
    const { mesh, app, regId } = bystander();
    const path = "/v1/messages/batch";
    const batchOf = (bytes: number) =>
      Buffer.from(JSON.stringify({ messages: [{ to: regId, data: "many" }] }).padEnd(bytes));
    for (const chunked of [false, true]) {
      const options = { path, chunked };
      const at = await signedPost(mesh.url, app, batchOf(LIMITS.BATCH_BODY_BYTES), options);
      expect(at).toMatchObject({ status: 200, body: { results: [{ status: "delivered" }] } });
      const past = await signedPost(mesh.url, app, batchOf(LIMITS.BATCH_BODY_BYTES + 1), options);
      expect(past).toMatchObject({ status: 413, body: { code: "body_too_large" } });
    }
  });

  it("data is accepted at the bound and refused one past it, by the name of its field", async () => {
    const { sender, regId } = bystander();
    const at = { to: regId, data: "x".repeat(LIMITS.DATA_BYTES) };
    expect((await sender.send(at)).status).toBe("delivered");
    await expect(sender.send({ ...at, data: `${at.data}x` })).rejects.toMatchObject({
      status: 400,
      code: "field_invalid",
      problem: { field: "data", detail: expect.stringContaining("4096") },
    });
  });

  it("an endless body is cut off at the bound, not read to its end", async () => {
    const { hostname, port } = new URL(bystander().mesh.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {});
    socket.write(
      "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" +
        "transfer-encoding: chunked\r\n\r\n",
    );
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    await until(
      "the refusal of an endless body",
      () => {
        if (answer === "") socket.write(chunk);
        return answer.includes("body_too_large");
      },
      20_000,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it("a replay of a signed request, byte for byte, is the same message", async () => {
    const { mesh, app, regId, seen } = bystander();
    const body = Buffer.from(JSON.stringify({ to: regId, data: "only once" }));
    const first = await signedPost(mesh.url, app, body);
    const second = await signedPost(mesh.url, app, body, { like: first });
    expect(second.body).toMatchObject({ id: first.body["id"], status: "delivered" });
    expect(seen.filter((data) => data === "only once")).toHaveLength(1);
  });
});

describe("P8.2 connections that are no requests:", () => {
  const cases: [string, string | Buffer][] = [
    ["garbage", randomBytes(2_000)],
    ["a request line without an end", `GET /${"a".repeat(300_000)}`],
    ["headers without an end", `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(40_000)}`],
    ["an unknown method", "BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n"],
    [
      "two lengths",
      "POST /v1/devices HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ],
    ["TLS to a plain port", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])],
  ];
  it.each(cases)("%s", async (_name, bytes) => {
    const { hostname, port } = new URL(bystander().mesh.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let ended = false;
    socket.on("error", () => {});
    socket.on("data", () => {
      ended = true;
    });
    socket.on("close", () => {
      ended = true;
    });
    socket.end(bytes);
    await until("an answer or an end", () => ended, 20_000);
    socket.destroy();
  });

  it("the control of the host is not served to the network", async () => {
    const answer = await fetch(`${bystander().mesh.url}/drain?ms=1000`, { method: "POST" });
    expect(answer.status).toBe(404);
    expect(bystander().client.state).toBe("connected");
  });
});
