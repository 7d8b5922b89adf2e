/** TLS as the Deno host ends it: handshakes that break off, and descriptors that run out. See inside/tls.ts. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, start } from "../../support/process.ts";
import { closed, slowClients } from "../../support/slow-clients.ts";
import { BEGINNING, CERT, ca, clientHello, KEY, Server } from "./server.ts";

const COUNT = 100;

const breaks: readonly [name: string, bytes: () => Promise<Buffer>][] = [
  ["nothing", async () => Buffer.alloc(0)],
  ["the beginning of a ClientHello", async () => BEGINNING],
  ["a whole ClientHello", clientHello],
];

test.each(breaks)("P8.5 handshakes that end after %s keep no descriptor", async (_, bytes) => {
  const server = await Server.start(1_000);
  await server.get("/");
  const before = (await server.report()).descriptors;
  const sent = await bytes();
  const slow = await slowClients(server.url, COUNT, sent);
  await server.until(({ size }) => size >= COUNT);
  server.process.kill("SIGHUP");
  await Promise.all(slow.map(closed));
  await server.until(({ size, descriptors }) => size === 0 && descriptors <= before);
  // And the same where the client resets.
  const reset = await slowClients(server.url, COUNT, sent);
  await server.until(({ size }) => size >= COUNT);
  for (const socket of reset) socket.resetAndDestroy();
  await server.until(({ size, descriptors }) => size === 0 && descriptors <= before);
  expect(await server.get("/", { minVersion: "TLSv1.3" })).toBe("0");
});

test("P8.5 connections that are refused before their handshake keep no descriptor", async () => {
  const most = 32;
  const server = await Server.start(most);
  // Nothing that is being answered goes for anybody.
  const busy = await Promise.all(Array.from({ length: most }, () => server.tls()));
  for (const socket of busy) socket.write("GET /hang HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await server.until(({ size }) => size === most);
  const before = (await server.report()).descriptors;
  const hello = await clientHello();
  for (const bytes of [Buffer.alloc(0), BEGINNING, hello]) {
    const refused = await slowClients(server.url, COUNT, bytes);
    await Promise.all(refused.map(closed));
  }
  await server.until(({ size, descriptors }) => size === most && descriptors <= before);
});

test("P8.5 connections that no descriptor was free for are accepted once one is", async () => {
  const server = await Server.start(150, {
    before: ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh"],
  });
  const first = await server.tls();
  first.write("GET /exhaust HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await server.process.stdout.match(/exhausted/);
  // The system takes them; the mesh cannot, or sheds one that it could.
  const waiting = Array.from({ length: 20 }, () => server.get("/"));
  const ends = Promise.allSettled(waiting);
  await server.process.stdout.match(/no connection can be accepted/);
  server.process.kill("SIGHUP");
  await ends;
  expect(await server.get("/")).toBe("0");
  await server.process.stdout.match(/connections are accepted again/);
});

test("P8.5 HTTP/2 that no descriptor was free for is served once one is", async () => {
  const server = await Server.start(150, {
    before: ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh"],
  });
  const session = await server.http2();
  const { descriptors: open } = await server.report();
  session.destroy();
  // Its own, and the two to the server of HTTP/2: if one were still to be closed, it would be free later.
  await server.until(({ descriptors }) => descriptors <= open - 3);
  const socket = connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  const exhausting = await server.tls();
  exhausting.write("GET /exhaust-but-one HTTP/1.1\r\nHost: mesh\r\n\r\n");
  await server.process.stdout.match(/exhausted/);
  // The way to the server of HTTP/2 takes two: there is one.
  const carried = connectTls({ socket, ca, ALPNProtocols: ["h2"] });
  carried.on("error", () => {});
  await closed(carried);
  server.process.kill("SIGHUP");
  await server.http2();
});

test.each([
  ["be asked to accept again", "listen"],
  ["be told to read no more", "readStop"],
  ["be told to read on", "readStart"],
])("a version of Deno that cannot %s does not start", async (_, lacking) => {
  const script = join(ROOT, "test/mesh/deno/inside/tls.ts");
  const args = ["run", "-A", "--quiet", "--no-check", script, CERT, KEY, "100", lacking];
  const process = start(join(ROOT, "node_modules/.bin/deno"), args);
  expect(await process.exited).toBe(1);
  expect(process.stdout.text).toMatch(/"TLS does not work with this version of Deno, [\d.]+"/);
});
