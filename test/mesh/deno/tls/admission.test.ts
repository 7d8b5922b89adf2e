/** TLS as the Deno host ends it: whose connection goes for a new one, and how all of them end. See inside/tls.ts. */
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { closed, slowClients } from "../../support/slow-clients.ts";
import { BEGINNING, ca, flood, PATIENCE, Server } from "./server.ts";

/** @returns the status; 0 where the connection ended before */
async function ask(
  session: ClientHttp2Session,
  path: string,
  keyId: string,
  client = "192.0.2.1",
): Promise<number> {
  const stream = session.request({
    ":path": path,
    "signature-input": `sig=();keyid="${keyId}"`,
    "x-forwarded-for": client,
  });
  stream.on("error", () => {});
  let status = 0;
  stream.on("response", (headers) => (status = Number(headers[":status"])));
  stream.resume();
  await new Promise((resolve) => stream.on("close", resolve));
  return status;
}

test("P8.5 a signed request by HTTP/2 is closed for nobody, and an unsigned one only after idle connections", async () => {
  const server = await Server.start(40);
  // Whoever was answered there is known.
  expect(await ask(await server.http2(), "/v1/messages", "known")).toBe(200);
  const signed = await server.http2();
  const answer = ask(signed, "/wait", "known");
  await server.process.stdout.match(/waits/);
  const unsigned = await server.http2();
  const other = ask(unsigned, "/wait", "stranger");
  const idle = await server.http2();
  const newcomer = async () => {
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca }).on("error", () => {});
    onTestFinished(() => void socket.destroy());
    socket.write("GET /hang HTTP/1.1\r\nHost: mesh\r\n\r\n");
    // Where it is refused, it is closed.
    await new Promise((resolve) => socket.on("secureConnect", resolve).on("close", resolve));
  };
  while (!idle.destroyed) await newcomer();
  for (let more = 0; more < 20; more++) await newcomer();
  expect([signed.destroyed, unsigned.destroyed]).toEqual([false, false]);
  server.process.kill("SIGHUP");
  expect(await Promise.all([answer, other])).toEqual([200, 200]);
  // Both are idle by now.
  while (!signed.destroyed || !unsigned.destroyed) await newcomer();
});

test("P8.13 a network's failures count by HTTP/2 as well, and lock out no key that was valid there", async () => {
  const server = await Server.start(40, { version: "proxied" });
  const session = await server.http2();
  expect(await ask(session, "/v1/messages", "known")).toBe(200);
  const failed = new Set<number>();
  for (let i = 0; i < LIMITS.FAILED_AUTH_BURST; i++) {
    failed.add(await ask(session, "/v1/unauthorized", "stranger"));
  }
  expect([...failed]).toEqual([401]);
  // Time pays for one every 200 ms.
  await vi.waitUntil(async () => {
    return (await ask(session, "/v1/unauthorized", "stranger")) === 429;
  }, PATIENCE);
  expect(await ask(session, "/v1/messages", "known")).toBe(200);
  expect(await ask(session, "/v1/messages", "stranger", "192.0.2.2")).toBe(200);
});

test("L7 a stop closes connections in every state", async () => {
  const server = await Server.start(100);
  const idle = await server.tls();
  idle.write("GET / HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await once(idle, "data");
  const begun = await slowClients(server.url, 3, BEGINNING);
  const h2 = await server.tls({ ALPNProtocols: ["h2"] });
  const unread = await server.tls();
  unread.write("GET /hang HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await flood(unread, server);
  // One by HTTP/2 counts as three.
  await server.until(({ size }) => size === 8);
  server.process.kill("SIGTERM");
  await Promise.all([idle, h2, unread, ...begun].map(closed));
  expect(await server.process.exited).toBe(0);
  expect(JSON.parse(server.process.stdout.all.at(-1) ?? "").size).toBe(0);
});
