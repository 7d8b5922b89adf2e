/** A server of the Deno host with TLS in a process of its own, and what its clients send. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { type RequestOptions, request } from "node:https";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { expect, onTestFinished, vi } from "vitest";
import { type Process, ROOT, start } from "../../support/process.ts";

export const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
export const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");
export const ca = readFileSync(CERT);

export interface Report {
  readonly descriptors: number;
  readonly size: number;
}

export interface Start {
  /** A command that starts it, such as a shell that sets limits. */
  readonly before?: readonly string[];
  /** See inside/tls.ts. */
  readonly version?: string;
}

export class Server {
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
export const MOST_BYTES = 16_777_216;

/** Sends on and on. @returns how many bytes the system took before it took no more, or much more than it holds */
export async function flood(socket: Socket, server: Server): Promise<number> {
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
export async function clientHello(): Promise<Buffer> {
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

export const BEGINNING = Buffer.from("\x16\x03\x01\x02\x00\x01\x00", "latin1");
export const PATIENCE = { timeout: 20_000 };
