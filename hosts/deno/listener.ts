/**
 * The public socket. Deno's own server reads heads, messages and fragments without bound or timeout and holds whatever
 * connects, so connections are accepted and bounded here: machine/net/admission says who stays where there is no room, net/http
 * reads requests, net/socket is a WebSocket's end. HTTP/2, which comes by TLS only, is read by Deno's server behind a tunnel.
 */
import type { Keyring } from "../../core/identity/keyring.ts";
import { LIMITS } from "../../schema/limits.ts";
import { Admission, type Entry, NOBODY } from "../machine/net/admission.ts";
import type { IsRegistered } from "../machine/net/connecting-device.ts";
import { FailedAuth } from "../machine/net/failed-auth.ts";
import { clientOf, isTrusted, type Proxies } from "../machine/net/forwarded.ts";
import { Refusals } from "../machine/net/refusals.ts";
import { Unread } from "../machine/net/unread.ts";
import { authority } from "../machine/port.ts";
import { HttpConnection, type HttpPort } from "./net/http.ts";
import { Pipeline } from "./net/pipeline.ts";
import { Transport } from "./net/transport.ts";
import { Tunnels } from "./net/tunnel.ts";

/** How late a timeout may be. */
const SWEEP_MS = 250;
/** After a connection could not be accepted: so many are shed, and a moment goes by. */
const TROUBLE_SHED = 16;
const TROUBLE_MS = 250;
/** ENFILE and EMFILE. */
const EXHAUSTED = /\(os error 2[34]\)/;
/** Connections accepted in a row: fewer than the descriptors that are held back for all else. */
const ACCEPT_TURN_COUNT = 16;
/** As long after the last trouble it is over. */
const GOOD_MS = 5_000;

export interface ListenerOptions {
  readonly hostname: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly handler: (request: Request) => Response | Promise<Response>;
  /** For HTTP/2, whose answers have to be Fetch's own; used with TLS only. */
  readonly http2Handler?: (request: Request) => Response | Promise<Response>;
  /** Connections that there are descriptors for. */
  readonly capacity: number;
  /** Tells the credentials of this mesh from junk. */
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Whoever connects from these names the clients of its requests. */
  readonly proxies: Proxies;
  /** Milliseconds that only rise. */
  readonly now?: () => number;
  /** Told one line about trouble, and one when it is over. */
  readonly log: (line: string) => void;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly admission: Admission;
  readonly #refusals: Refusals;
  readonly #refused: (kind: string) => void;
  #listener: Deno.Listener<Deno.Conn<Deno.NetAddr>> | undefined;
  #http2: Tunnels | undefined;
  #port: HttpPort | undefined;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #stopping = false;
  #troubleAt: number | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.log);
    const now = options.now ?? (() => performance.now());
    this.#refused = (kind) => this.#refusals.count(kind, now());
    this.admission = new Admission({ capacity: options.capacity, now, onRefuse: this.#refused });
  }

  /**
   * Opens the port.
   *
   * @param port 0 takes a free one
   * @returns the port
   * @throws what Deno.listen does
   */
  open(port: number): number {
    const { hostname, tls, handler, http2Handler = handler, capacity } = this.#options;
    const { keyring, isRegistered } = this.#options;
    const at = { hostname, port };
    const listener =
      tls === null
        ? Deno.listen(at)
        : Deno.listenTls({ ...at, ...tls, alpnProtocols: ["h2", "http/1.1"] });
    this.#listener = listener as Deno.Listener<Deno.Conn<Deno.NetAddr>>;
    const address = this.#listener.addr as Deno.NetAddr;
    this.#port = {
      scheme: tls === null ? "http" : "https",
      authority: authority(hostname, address.port),
      handle: handler,
      now: this.admission.now,
      refused: this.#refused,
      unread: new Unread(),
      pipeline: new Pipeline(),
      failedAuth: new FailedAuth({ keyring, isRegistered, now: this.admission.now }),
    };
    if (tls !== null) {
      const idleMs = LIMITS.KEEP_ALIVE_MS;
      this.#http2 = new Tunnels({ handler: http2Handler, capacity, idleMs });
    }
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    void this.#accept(this.#listener, this.#port);
    return address.port;
  }

  /**
   * Accepts no more, closes what waits, and lets the requests under way end.
   *
   * @param ms for the requests; those that take longer are left to end with the process
   */
  async stop(ms: number): Promise<void> {
    this.#stopping = true;
    this.#listener?.close();
    this.admission.closeIdle();
    const until = performance.now() + ms;
    while (this.admission.size > 0 && performance.now() < until) {
      await sleep(Math.min(SWEEP_MS, ms) / 10);
      this.admission.closeIdle();
    }
    clearInterval(this.#sweeper);
    this.#http2?.shutdown();
  }

  async #accept(listener: Deno.Listener<Deno.Conn<Deno.NetAddr>>, port: HttpPort): Promise<void> {
    for (let taken = 1; !this.#stopping; taken++) {
      try {
        const conn = await listener.accept();
        void this.#take(conn, port);
        // Connections that wait are accepted in one turn of the event loop, and what was shed for them is closed in the next.
        if (taken % ACCEPT_TURN_COUNT === 0) await sleep(0);
      } catch (error) {
        if (this.#stopping) return;
        // Any other error is of one client alone, which was gone before it was accepted.
        if (!EXHAUSTED.test(`${error}`)) continue;
        this.#trouble(error);
        await sleep(TROUBLE_MS);
      }
    }
  }

  async #take(conn: Deno.Conn<Deno.NetAddr>, port: HttpPort): Promise<void> {
    let entry: Entry | null = null;
    let transport: Transport | null = null;
    const close = () => {
      try {
        conn.close();
      } catch {
        // It is closed.
      }
    };
    const gone = () => entry !== null && this.admission.remove(entry);
    const destroy = () => {
      if (transport !== null) return transport.destroy();
      close();
      gone();
    };
    const peer = conn.remoteAddr.hostname;
    const isProxy = isTrusted(this.#options.proxies, peer);
    entry = this.admission.admit(isProxy ? NOBODY : peer, destroy);
    if (entry === null) return close();
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, destroy);
    if ("handshake" in conn) {
      const protocol = await this.#handshake(conn as unknown as Deno.TlsConn);
      if (protocol === null) return destroy();
      if (protocol === "h2") {
        await this.#http2?.carry(conn, entry, destroy);
        return;
      }
    } else if ("setNoDelay" in conn) (conn as unknown as Deno.TcpConn).setNoDelay(true);
    transport = new Transport(conn, { data() {}, ended() {} }, gone);
    const http = new HttpConnection(transport, port, entry);
    if (isProxy) http.clientOf = (fields) => clientOf(peer, fields, this.#options.proxies);
    transport.handler = http;
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, () => http.expire());
    await transport.run();
  }

  /** @returns the protocol; null where it failed */
  async #handshake(conn: Deno.TlsConn): Promise<string | null> {
    try {
      const { alpnProtocol } = await conn.handshake();
      return alpnProtocol ?? "http/1.1";
    } catch {
      this.#refused("TLS handshakes failed");
      return null;
    }
  }

  #trouble(error: unknown): void {
    if (this.#troubleAt === null) {
      this.#options.log(`no connection can be accepted (${error}); those that stand go on`);
    }
    this.#troubleAt = performance.now();
    for (let i = 0; i < TROUBLE_SHED; i++) this.admission.shedAny();
  }

  #sweep(): void {
    this.admission.sweep();
    this.#refusals.look(this.admission.now());
    if (this.#troubleAt === null || performance.now() - this.#troubleAt < GOOD_MS) return;
    this.#troubleAt = null;
    this.#options.log("connections are accepted again");
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
