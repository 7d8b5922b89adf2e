/**
 * Connections that speak HTTP/2: their bytes go to a server of Deno's own, by way of the loopback, and back. The port that they
 * come from tells whose a request is.
 */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { problemResponse } from "../../../worker/problem.ts";
import { addressShare, type Entry, OVER_SHARE } from "../../machine/net/admission.ts";
import { readInTime } from "./body.ts";
import type { Conn } from "./transport.ts";

const LOOPBACK = "127.0.0.1";
const READ_BYTES = 16_384;
/** Both ends of the way to the server. */
const MORE_DESCRIPTORS = 2;

type Handler = (request: Request) => Response | Promise<Response>;

/** The connections that requests by HTTP/2 came on. */
const carriers = new WeakMap<Request, Tunnel>();

/** The connection of a request that came by HTTP/2; none for another. */
export const tunnelOf = (request: Request): Tunnel | undefined => carriers.get(request);

/** Event streams by HTTP/2 that one network has. */
interface Share {
  readonly count: (by: number) => void;
  readonly isFull: () => boolean;
}

/** One connection. While it carries an event stream it is a guest's, as those of listeners by HTTP/1.1 are. */
export class Tunnel {
  readonly #entry: Entry;
  readonly #share: Share;
  readonly #idle: () => void;
  #streams = 0;

  /** @param idle has it closed where nothing comes */
  constructor(entry: Entry, share: Share, idle: () => void) {
    this.#entry = entry;
    this.#share = share;
    this.#idle = idle;
  }

  /** An event stream begins. @throws MeshError `mesh_full` */
  begin(): void {
    if (this.#streams >= LIMITS.HTTP2_EVENT_STREAMS) {
      const most = `at most ${LIMITS.HTTP2_EVENT_STREAMS} event streams on one connection`;
      throw new MeshError("mesh_full", most);
    }
    if (this.#share.isFull()) throw new MeshError("mesh_full", OVER_SHARE);
    this.#streams++;
    this.#share.count(1);
    this.#entry.become("guest");
  }

  /** One that began has ended. */
  end(): void {
    this.#streams--;
    this.#share.count(-1);
    if (this.#streams > 0) return;
    this.#entry.become("idle");
    this.#idle();
  }
}

export interface TunnelsOptions {
  readonly handler: Handler;
  /** Connections that there are descriptors for: an event stream by HTTP/2 takes none, but a listener's place. */
  readonly capacity: number;
  /** Without a byte in either direction until a connection ends. */
  readonly idleMs: number;
}

export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #byPort = new Map<number, Tunnel>();
  /** Event streams by network. */
  readonly #streams = new Map<string, number>();

  constructor(options: TunnelsOptions) {
    this.#options = options;
    const at = { hostname: LOOPBACK, port: 0, onListen() {} };
    this.#server = Deno.serve(at, (request, info) => this.#serve(request, info.remoteAddr));
  }

  /** Carries a connection until it ends. @param destroy ends it at once */
  async carry(conn: Conn, entry: Entry, destroy: () => void): Promise<void> {
    if (!entry.widen(MORE_DESCRIPTORS)) return destroy();
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: LOOPBACK, port: this.#server.addr.port });
    } catch {
      destroy();
      return;
    }
    inner.setNoDelay(true);
    const { port } = inner.localAddr;
    const heard = () => entry.expireIn(this.#options.idleMs, destroy);
    this.#byPort.set(port, new Tunnel(entry, this.#shareOf(entry.address), heard));
    entry.become("idle");
    heard();
    const end = () => {
      try {
        inner.close();
      } catch {
        // It is closed.
      }
      destroy();
    };
    await Promise.allSettled(
      [copy(conn, inner, heard), copy(inner, conn, heard)].map((each) => each.finally(end)),
    );
    this.#byPort.delete(port);
  }

  shutdown(): void {
    void this.#server.shutdown();
  }

  async #serve(outer: Request, { port }: Deno.NetAddr): Promise<Response> {
    const tunnel = this.#byPort.get(port);
    // Of this machine, past the door.
    if (tunnel === undefined) return new Response(null, { status: 403 });
    try {
      const request = await readInTime(outer);
      carriers.set(request, tunnel);
      return await this.#options.handler(request);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return problemResponse(error);
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
