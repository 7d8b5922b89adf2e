/** TLS as the Deno host ends it: bodies both ways, and clients that do not read. See inside/tls.ts. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { closed } from "../../support/slow-clients.ts";
import { ca, flood, MOST_BYTES, PATIENCE, Server } from "./server.ts";

test.each(["TLSv1.2", "TLSv1.3"] as const)("by %s, bodies are whole both ways", async (version) => {
  const server = await Server.start(100);
  const versions = { minVersion: version, maxVersion: version };
  expect((await server.tls(versions)).getProtocol()).toBe(version);
  const body = randomBytes(60_000);
  expect(await server.get("/", { ...versions, body })).toBe(`${body.length}`);
  // A connection that is to close is closed in time, whatever it still has to send.
  const headers = { connection: "keep-alive" };
  const big = await server.get("/big", { ...versions, headers });
  expect(big.length).toBe(8_388_608);
});

test("a protocol is negotiated, or HTTP/1.1 is used", async () => {
  const server = await Server.start(100);
  const agreed = async (protocols?: string[]) =>
    (await server.tls(protocols && { ALPNProtocols: protocols })).alpnProtocol;
  expect(await agreed(["http/1.1", "h2"])).toBe("h2");
  expect(await agreed(["http/1.1"])).toBe("http/1.1");
  expect(await agreed()).toBe(false);
  const foreign = connectTls({ port: server.port, host: "127.0.0.1", ca, ALPNProtocols: ["imap"] });
  const [error] = await once(foreign, "error");
  expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
});

test("a client that has closed its sending side gets its answer", async () => {
  const server = await Server.start(100);
  const socket = await server.tls({ allowHalfOpen: true } as ConnectionOptions);
  socket.end("POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n3$/s);
});

test("P8.3 a client that does not read is sent no more than the system and the bounds hold", async () => {
  const server = await Server.start(100);
  const socket = await server.tls();
  socket.pause();
  const key = randomBytes(16).toString("base64");
  const upgrade = `Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`;
  socket.write(`GET /flood HTTP/1.1\r\nHost: mesh\r\n${upgrade}\r\n\r\n`);
  const { sent, buffered } = JSON.parse(await server.process.stdout.match(/flooded/));
  expect(buffered).toBeGreaterThan(1_048_576);
  expect(sent).toBeLessThan(16_777_216);
  // All of it comes in the end.
  let received = 0;
  socket.on("data", ({ length }) => (received += length));
  socket.resume();
  await vi.waitUntil(() => received >= sent, PATIENCE);
});

test.each([
  ["with TLS", ""],
  ["without TLS", "plain"],
])("P8.3 pipelined requests are read only within bounds, %s", async (_, version) => {
  const server = await Server.start(100, { version });
  // One whose answer its client does not read, and one that is not answered yet.
  for (const path of ["/big", "/hang"]) {
    const socket = version === "plain" ? connect(server.port, "127.0.0.1") : await server.tls();
    socket.on("error", () => {}).pause();
    onTestFinished(() => void socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: mesh\r\n\r\n`);
    expect(await flood(socket, server)).toBeLessThan(MOST_BYTES);
  }
});

test("P8.3 requests that waited for their client to read are read afterwards, and so is its end", async () => {
  const server = await Server.start(100);
  const count = 20;
  const body = randomBytes(60_000);
  const head = `POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: ${body.length}\r\n\r\n`;
  const begin = async () => {
    const socket = await server.tls({ allowHalfOpen: true } as ConnectionOptions);
    socket.pause();
    socket.write("GET /big HTTP/1.1\r\nHost: mesh\r\n\r\n");
    for (let i = 0; i < count; i++) socket.write(Buffer.concat([Buffer.from(head), body]));
    return socket;
  };
  const [stays, ends] = [await begin(), await begin()];
  ends.end();
  await server.until(({ size }) => size === 2);
  let answers = "";
  stays.on("data", (bytes) => (answers = `${answers}${bytes}`.slice(-10_000)));
  stays.resume();
  await vi.waitUntil(() => answers.split("\r\n\r\n60000").length === count + 1, PATIENCE);
  ends.resume();
  await closed(ends);
  await server.until(({ size }) => size === 1);
});

test("P8.3 an event stream is produced no faster than its client reads, and ends with it", async () => {
  const server = await Server.start(100);
  const socket = await server.tls();
  socket.write("GET /events HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await once(socket, "data");
  socket.pause();
  await server.until(({ size }) => size === 1);
  socket.destroy();
  const { made } = JSON.parse(await server.process.stdout.match(/cancelled/));
  expect(made).toBeLessThan(16_777_216);
});
