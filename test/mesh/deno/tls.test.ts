/** TLS as the Deno host ends it: what clients may hold that break off, or do not read. See inside/tls.ts. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { type RequestOptions, request } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { type Process, ROOT, start } from "../support/process.ts";
import { closed, slowClients } from "../support/slow-clients.ts";

const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");
const ca = readFileSync(CERT);

interface Report {
  readonly descriptors: number;
  readonly size: number;
}

interface Start {
  /** A command that starts it, such as a shell that sets limits. */
  readonly before?: readonly string[];
  /** See inside/tls.ts. */
  readonly version?: string;
}

class Server {
  readonly process: Process;
  readonly port: number;

  private constructor(process: Process, port: number) {
    this.process = process;
    this.port = port;
  }

  /** @param capacity connections that it may have */
  static async start(capacity: number, { before = [], version = "" }: Start = {}): Promise<Server> {
    const script = join(ROOT, "test/mesh/deno/inside/tls.ts");
    const deno = join(ROOT, "node_modules/.bin/deno");
    const args = ["run", "-A", "--quiet", "--no-check", script, CERT, KEY, `${capacity}`, version];
    const [command = deno, ...rest] = [...before, deno, ...args];
    const process = start(command, rest);
    return new Server(process, JSON.parse(await process.stdout.match(/"ready"/)).port);
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async report(): Promise<Report> {
    const from = this.process.stdout.all.length;
    this.process.kill("SIGUSR2");
    return vi.waitUntil(() => {
      const line = this.process.stdout.all.slice(from).find((each) => each.includes("report"));
      return line && (JSON.parse(line) as Report);
    }, PATIENCE);
  }

  /** Resolves when its report is as it should be; tells the last one where it is not in time. */
  async until(isSo: (report: Report) => boolean): Promise<void> {
    let last: Report | undefined;
    const look = async () => {
      last = await this.report();
      return isSo(last);
    };
    await vi.waitUntil(look, PATIENCE).catch(() => expect.fail(JSON.stringify(last)));
  }

  /** Whether it answers somebody new; with what by what protocol. */
  async get(path: string, options: RequestOptions & { body?: Buffer } = {}): Promise<string> {
    const { body, ...rest } = options;
    const call = request(`${this.url}${path}`, { ca, agent: false, method: "POST", ...rest });
    call.end(body);
    const [answer] = await once(call, "response");
    return text(answer);
  }

  /** A connection by HTTP/2. */
  async http2(): Promise<ClientHttp2Session> {
    const session = connectHttp2(this.url, { ca });
    session.on("error", () => {}); // What is shed is reset.
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    return session;
  }

  async tls(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connectTls({ port: this.port, host: "127.0.0.1", ca, ...options });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, "secureConnect");
    return socket;
  }
}

/** More than the system holds of a connection. */
const MOST_BYTES = 16_777_216;

/** Sends on and on. @returns how many bytes the system took before it took no more, or much more than it holds */
async function flood(socket: Socket, server: Server): Promise<number> {
  const bytes = Buffer.alloc(65_536, "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n");
  let taken = 0;
  const send = () => {
    if (taken >= 4 * MOST_BYTES) return;
    socket.write(bytes, (error) => {
      if (error) return;
      taken += bytes.length;
      send();
    });
  };
  send();
  for (let before = -1, looks = 0; looks < 5 && taken < 4 * MOST_BYTES; looks++) {
    await server.report();
    if (taken !== before) looks = 0;
    before = taken;
  }
  return taken;
}

/** What a client of ours sends first. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { port: number };
  const client = connectTls({ port, host: "127.0.0.1" }).on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  return bytes;
}

const BEGINNING = Buffer.from("\x16\x03\x01\x02\x00\x01\x00", "latin1");
const breaks: readonly [name: string, bytes: () => Promise<Buffer>][] = [
  ["nothing", async () => Buffer.alloc(0)],
  ["the beginning of a ClientHello", async () => BEGINNING],
  ["a whole ClientHello", clientHello],
];
const COUNT = 100;
const PATIENCE = { timeout: 20_000 };

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

test("P8.5 where there was no descriptor to accept by, connections are accepted once there is", async () => {
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

test("P8.5 where there was no descriptor to carry HTTP/2 by, it is carried once there is", async () => {
  const server = await Server.start(150, {
    before: ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh"],
  });
  const session = await server.http2();
  session.destroy();
  await once(session, "close");
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

test("a protocol is agreed on, or HTTP/1.1 is spoken", async () => {
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

test("a client that sends no more, but listens, gets its answer", async () => {
  const server = await Server.start(100);
  const socket = await server.tls({ allowHalfOpen: true } as ConnectionOptions);
  socket.end("POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n3$/s);
});

test("P8.3 whoever does not read is sent no more than the system and the bounds hold", async () => {
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
])(
  "P8.3 no more is read of what comes before its turn than bounds allow, %s",
  async (_, version) => {
    const server = await Server.start(100, { version });
    // One whose answer its client does not read, and one that is not answered yet.
    for (const path of ["/big", "/hang"]) {
      const socket = version === "plain" ? connect(server.port, "127.0.0.1") : await server.tls();
      socket.on("error", () => {}).pause();
      onTestFinished(() => void socket.destroy());
      socket.write(`GET ${path} HTTP/1.1\r\nHost: mesh\r\n\r\n`);
      expect(await flood(socket, server)).toBeLessThan(MOST_BYTES);
    }
  },
);

test("P8.3 what waited for its client to read is read after that, and so is its end", async () => {
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

test("P8.3 an event stream is made no faster than its client reads, and ends with it", async () => {
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

test("P8.5 a signed request by HTTP/2 goes for nobody, and one that is not goes after idle connections", async () => {
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

test("P8.13 a network's failures count by HTTP/2 as well, and shut out no key that was good there", async () => {
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
