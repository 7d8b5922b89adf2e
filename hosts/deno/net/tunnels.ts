/**
 * HTTP/2 connections: their bytes are passed through the loopback to a server of Deno, and back. The port on the loopback identifies the
 * connection of a request.
 */
import { MeshError } from "../../../schema/errors.ts";
import { problemResponse } from "../../../worker/problem.ts";
import { addressShare, appOverShare } from "../../machine/net/admission/address-share.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import {
  clientOfRequest,
  isEncrypted,
  type NamedClient,
} from "../../machine/net/admission/client.ts";
import type { FailedAuth } from "../../machine/net/admission/failed-auth.ts";
import type { RequestBudgets } from "../../machine/net/admission/request-budgets.ts";
import { mayBeRecorded } from "../../machine/net/http/recorded.ts";
import { readInTime } from "./body.ts";
import { setClient } from "./client-address.ts";
import type { Conn } from "./transport.ts";
import { type Share, Tunnel } from "./tunnel.ts";

const LOOPBACK = "127.0.0.1";
const READ_BYTES = 16_384;
/** Both ends of the connection to the server. */
const TUNNEL_DESCRIPTORS = 2;

type Handler = (request: Request) => Response | Promise<Response>;

/** The connections of requests over HTTP/2. */
const carriers = new WeakMap<Request, Tunnel>();

/** The connection of a request over HTTP/2; undefined for other requests. */
export const tunnelOf = (request: Request): Tunnel | undefined => carriers.get(request);

interface TunnelsOptions {
  readonly handler: Handler;
  /** Connections that the process has descriptors for. An event stream over HTTP/2 uses none, but counts as a listener. */
  readonly capacity: number;
  /** Time without a byte in either direction after which a connection is closed. */
  readonly idleMs: number;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  /** Called for each request that is refused before it reaches the edge. @param code of schema/errors.ts */
  refused(code: string): void;
}

interface Carrier {
  readonly tunnel: Tunnel;
  readonly entry: Entry;
  readonly clientOf: NamedClient;
}

export class Tunnels {
  readonly #options: TunnelsOptions;
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  readonly #byPort = new Map<number, Carrier>();
  /** Number of event streams by network. */
  readonly #streams = new Map<string, number>();

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /** Passes a connection on until it ends. @param destroy ends it at once */
  async carry(conn: Conn, entry: Entry, clientOf: NamedClient, destroy: () => void): Promise<void> {
    if (!entry.widen(TUNNEL_DESCRIPTORS)) return destroy();
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: LOOPBACK, port: this.#open().addr.port });
    } catch {
      destroy();
      return;
    }
    inner.setNoDelay(true);
    const { port } = inner.localAddr;
    const heard = () => entry.expireIn(this.#options.idleMs, destroy);
    const tunnel = new Tunnel(entry, this.#shareOf(entry.address), heard);
    this.#byPort.set(port, { tunnel, entry, clientOf });
    entry.become("idle");
    heard();
    const end = () => {
      try {
        inner.close();
      } catch {
        // Already closed.
      }
      destroy();
    };
    await Promise.allSettled(
      [copy(conn, inner, heard), copy(inner, conn, heard)].map((each) => each.finally(end)),
    );
    this.#byPort.delete(port);
  }

  shutdown(): void {
    void this.#server?.shutdown();
  }

  /** The server. If one has failed to accept for want of a descriptor, starts another; unhandled, the failure would end the process. */
  #open(): Deno.HttpServer<Deno.NetAddr> {
    if (this.#server !== null) return this.#server;
    const at = { hostname: LOOPBACK, port: 0, onListen() {} };
    const server = Deno.serve(at, (request, info) => this.#serve(request, info.remoteAddr));
    server.finished.catch(() => (this.#server = null));
    this.#server = server;
    return server;
  }

  async #serve(outer: Request, { port }: Deno.NetAddr): Promise<Response> {
    const carrier = this.#byPort.get(port);
    // From another process on this machine.
    if (carrier === undefined) return new Response(null, { status: 403 });
    try {
      return await this.#answer(outer, carrier);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return problemResponse(error);
    }
  }

  async #answer(outer: Request, { tunnel, entry, clientOf }: Carrier): Promise<Response> {
    const { failedAuth, budgets, handler, refused } = this.#options;
    const { pathname, search } = new URL(outer.url);
    const fields = new Map(outer.headers);
    const asked = { method: outer.method, target: pathname + search, fields, isUpgrade: false };
    const client = clientOfRequest(entry, clientOf, asked);
    const refusal = failedAuth.refusalOf(client, asked) ?? budgets.refusalOf(client, asked);
    if (refusal !== null) {
      refused(refusal.code);
      throw refusal;
    }
    const request = await readInTime(outer);
    carriers.set(request, tunnel);
    // Only over TLS is there HTTP/2.
    if (mayBeRecorded(asked))
      setClient(request, { address: client, isEncrypted: isEncrypted(true, clientOf, asked) });
    const sender = failedAuth.senderOf(asked);
    if (sender !== null && !entry.mayWorkFor(sender)) {
      const overShare = appOverShare();
      refused(overShare.code);
      throw overShare;
    }
    const answered = tunnel.ask(sender !== null);
    try {
      const response = await handler(request);
      failedAuth.answered(client, asked, response.status);
      return response;
    } finally {
      answered();
    }
  }

  #shareOf(network: string): Share {
    const most = Math.floor(this.#options.capacity * addressShare(network));
    const now = () => this.#streams.get(network) ?? 0;
    return {
      isFull: () => now() >= most,
      count: (by) => {
        if (now() + by === 0) this.#streams.delete(network);
        else this.#streams.set(network, now() + by);
      },
    };
  }
}

async function copy(from: Conn, to: Conn, heard: () => void): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    heard();
    for (let at = 0; at < count; ) at += await to.write(buffer.subarray(at, count));
  }
}
