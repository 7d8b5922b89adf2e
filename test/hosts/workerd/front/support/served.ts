/** A connection to the front of workerd without a network, and Node's HTTP server in workerd's place. */
import { createServer } from "node:http";
import { Duplex, duplexPair } from "node:stream";
import { Admission } from "../../../../../hosts/machine/net/admission/admission.ts";
import { FailedAuth } from "../../../../../hosts/machine/net/admission/failed-auth.ts";
import { clientOf, type Proxies } from "../../../../../hosts/machine/net/admission/forwarded.ts";
import { RequestBudgets } from "../../../../../hosts/machine/net/admission/request-budgets.ts";
import { Unread } from "../../../../../hosts/machine/net/admission/unread.ts";
import { ClientTurns } from "../../../../../hosts/workerd/front/client-turns.ts";
import { FrontConnection } from "../../../../../hosts/workerd/front/connection.ts";
import { EndedLinks } from "../../../../../hosts/workerd/front/ended-links.ts";
import { Strangers } from "../../../../../hosts/workerd/front/strangers.ts";
import { LIMITS } from "../../../../../schema/limits.ts";
import { KEYRING } from "../../../support/keyring.ts";
import type { ClientEnd, Seen, Served } from "../../../support/served.ts";

class FakeClient extends Duplex {
  readonly #written: Buffer[] = [];

  get written(): string {
    return Buffer.concat(this.#written).toString("latin1");
  }

  override _read(): void {}

  /** Called once its other end reads; null while it does. */
  #unread: (() => void) | null = null;
  #reads = true;

  /** Its other end reads, or does not: what is written then is taken when it does again. */
  set reads(reads: boolean) {
    this.#reads = reads;
    const taken = this.#unread;
    this.#unread = null;
    if (reads) taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = () => {
      this.#written.push(chunk);
      done();
    };
    if (this.#reads) take();
    else this.#unread = take;
  }
}

export interface FrontServed extends Served {
  /** Connections to workerd so far. */
  readonly inners: Duplex[];
  readonly failedAuth: FailedAuth;
  readonly strangers: Strangers;
}

export interface FrontSetup {
  readonly unread?: Unread;
  /** The other end is one of these, at this address. */
  readonly proxy?: { readonly proxies: Proxies; readonly peer: string };
  /** Of each answer. */
  readonly status?: number;
  /** Each answer is an event stream that does not end. */
  readonly isStream?: boolean;
  /** Follows the place in each answer. */
  readonly padding?: string;
  /** Default: turns without waiting. */
  readonly turns?: ClientTurns;
  readonly pipelined?: ClientTurns;
}

/** Serves a connection by the front. Each request is answered with its place among them, from 1. */
export function serveFront({
  unread = new Unread(),
  proxy,
  status = 200,
  isStream = false,
  padding = "",
  turns,
  pipelined,
}: FrontSetup = {}): FrontServed {
  let now = 0;
  const admission = new Admission({ capacity: 100, now: () => now });
  const failedAuth = new FailedAuth({
    keyring: KEYRING,
    isRegistered: () => false,
    now: () => now,
  });
  const strangers = new Strangers({ capacity: 100, now: () => now });
  const seen: Seen[] = [];
  const refused: string[] = [];
  const inners: Duplex[] = [];
  const server = createServer({ maxHeaderSize: 2 * LIMITS.HEAD_BYTES }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    request.on("end", () => {
      const url = new URL(request.url ?? "", `http://${request.headers.host}`).href;
      seen.push({ method: request.method ?? "", url, body });
      response.statusCode = status;
      if (isStream) response.setHeader("content-type", "text/event-stream").write(": hello\n\n");
      else response.end(`${seen.length}${padding}`);
    });
  });
  const client = new FakeClient({ allowHalfOpen: true });
  const entry = admission.admit("192.0.2.1", () => client.destroy());
  if (entry === null) throw new Error("no room");
  const connection = new FrontConnection(client, {
    entry,
    authority: "mesh",
    strangers,
    unread,
    failedAuth,
    budgets: new RequestBudgets({ keyring: KEYRING, isRegistered: () => false, now: () => now }),
    endedLinks: new EndedLinks({
      capacity: 100,
      connections: () => 1,
      firm: () => 0,
      now: () => now,
    }),
    deviceOf: () => null,
    clientOf: proxy === undefined ? null : (fields) => clientOf(proxy.peer, fields, proxy.proxies),
    connect() {
      const [near, far] = duplexPair();
      inners.push(near);
      server.emit("connection", far);
      return near;
    },
    turns: turns ?? new ClientTurns({ now: () => now }),
    pipelined: pipelined ?? new ClientTurns({ now: () => now }),
    commands: new ClientTurns({ now: () => now }),
    now: () => now,
    destroy: () => client.destroy(),
    refused: (code) => refused.push(code),
  });
  client.once("close", () => {
    connection.closed();
    admission.remove(entry);
  });
  entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, () => connection.expire());
  const wait = (ms: number) => {
    now += ms;
    admission.sweep();
  };
  const conn: ClientEnd = {
    get written() {
      return client.written;
    },
    get isClosed() {
      return client.destroyed;
    },
    get isWriteClosed() {
      return client.writableFinished;
    },
    push: (bytes) =>
      void client.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    end: () => void client.push(null),
  };
  const reads = (reads: boolean) => {
    client.reads = reads;
  };
  return { conn, admission, entry, seen, refused, wait, inners, failedAuth, strangers, reads };
}
