/**
 * The public socket. Deno's own server has no bounds or timeouts for heads, messages, fragments and connections, so connections are
 * accepted here: machine/net/admission decides which ones stay if there are too many, net/http serves requests, and net/socket is the
 * server's end of a WebSocket. HTTP/2, which requires TLS, is read by Deno's server behind a tunnel.
 */
import { LIMITS } from "../../schema/limits.ts";
import { type Admission, type Entry, SWEEP_MS } from "../machine/net/admission/admission.ts";
import { FrontGuard, type GuardOptions } from "../machine/net/front-guard.ts";
import { authority } from "../machine/port.ts";
import { HttpConnection, type HttpPort } from "./net/http.ts";
import { Pipeline } from "./net/pipeline.ts";
import { type Certificate, TlsEnd, TlsServer } from "./net/tls.ts";
import { Transport } from "./net/transport.ts";
import { Tunnels } from "./net/tunnels.ts";

/** When accepting fails for want of descriptors: connections to shed, and the pause before the next attempt. */
const SHED_COUNT = 16;
const ACCEPT_RETRY_MS = 250;
/** ENFILE and EMFILE. */
const EXHAUSTED = /\(os error 2[34]\)/;
/** Connections accepted in one turn: fewer than the reserved descriptors. */
const ACCEPT_TURN_COUNT = 16;
/** Time after the last failure until accepting counts as working again. */
const RECOVERED_MS = 5_000;

interface ListenerOptions extends GuardOptions {
  readonly hostname: string;
  readonly tls: Certificate | null;
  readonly handler: (request: Request) => Response | Promise<Response>;
  /** For HTTP/2, whose answers have to be real Responses. Default: `handler`. */
  readonly http2Handler?: (request: Request) => Response | Promise<Response>;
  /** See `WorkSlices.enter`. Default: at once. */
  readonly enterSlice?: HttpPort["enterSlice"];
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #guard: FrontGuard;
  #listener: Deno.TcpListener | undefined;
  #tls: TlsServer | undefined;
  #http2: Tunnels | undefined;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #stopping = false;
  #failedAt: number | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#guard = new FrontGuard(options);
  }

  get admission(): Admission {
    return this.#guard.admission;
  }

  /**
   * Opens the port.
   *
   * @param port 0 takes a free one
   * @returns the port
   * @throws what Deno.listen and Node's server do
   */
  async open(port: number): Promise<number> {
    const { hostname, tls } = this.#options;
    const opened =
      tls === null ? this.#openTcp(hostname, port) : await this.#openTls(hostname, port, tls);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    return opened;
  }

  #openTcp(hostname: string, port: number): number {
    const listener = Deno.listen({ hostname, port });
    this.#listener = listener;
    const { port: opened } = listener.addr as Deno.NetAddr;
    void this.#accept(listener, this.#httpPort(opened));
    return opened;
  }

  async #openTls(hostname: string, port: number, certificate: Certificate): Promise<number> {
    const { handler, http2Handler = handler, capacity } = this.#options;
    const tls = new TlsServer(certificate);
    const opened = await tls.listen(hostname, port);
    this.#tls = tls;
    const idleMs = LIMITS.KEEP_ALIVE_MS;
    const http = this.#httpPort(opened);
    const { failedAuth, budgets, refused } = http;
    this.#http2 = new Tunnels({
      ...{ handler: http2Handler, capacity, idleMs, failedAuth, budgets, refused },
    });
    tls.onConnection = (end, peer) => void this.#take(end, peer, http);
    return opened;
  }

  #httpPort(port: number): HttpPort {
    const { hostname, tls, handler, enterSlice = () => Promise.resolve() } = this.#options;
    const { now, refused, unread, failedAuth, budgets } = this.#guard;
    return {
      scheme: tls === null ? "http" : "https",
      authority: authority(hostname, port),
      handle: handler,
      now,
      refused,
      unread,
      failedAuth,
      budgets,
      pipeline: new Pipeline(),
      enterSlice,
    };
  }

  /**
   * Accepts no more connections, closes idle ones, and waits for requests in progress.
   *
   * @param ms maximum time for the requests; longer ones end with the process
   */
  async stop(ms: number): Promise<void> {
    this.#stopping = true;
    this.#listener?.close();
    this.#tls?.close();
    this.admission.closeIdle();
    const until = performance.now() + ms;
    while (this.admission.size > 0 && performance.now() < until) {
      await sleep(Math.min(SWEEP_MS, ms) / 10);
      this.admission.closeIdle();
    }
    clearInterval(this.#sweeper);
    this.#http2?.shutdown();
  }

  async #accept(listener: Deno.TcpListener, port: HttpPort): Promise<void> {
    for (let taken = 1; !this.#stopping; taken++) {
      try {
        const conn = await listener.accept();
        void this.#take(conn, conn.remoteAddr.hostname, port);
        // Waiting connections are accepted in one turn of the event loop, but connections shed for them are closed in the next.
        if (taken % ACCEPT_TURN_COUNT === 0) await sleep(0);
      } catch (error) {
        if (this.#stopping) return;
        // Any other error concerns one client, which left before it was accepted.
        if (!EXHAUSTED.test(`${error}`)) continue;
        this.#acceptFailed(error);
        await sleep(ACCEPT_RETRY_MS);
      }
    }
  }

  async #take(conn: Deno.TcpConn | TlsEnd, peer: string, port: HttpPort): Promise<void> {
    let entry: Entry | null = null;
    let transport: Transport | null = null;
    const close = () => {
      try {
        conn.close();
      } catch {
        // Already closed.
      }
    };
    const gone = () => entry !== null && this.admission.remove(entry);
    const destroy = () => {
      if (transport !== null) return transport.destroy();
      close();
      gone();
    };
    const admitted = this.#guard.admit(peer, destroy);
    if (admitted === null) return close();
    const { clientOf } = admitted;
    entry = admitted.entry;
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, destroy);
    if (conn instanceof TlsEnd) {
      const protocol = await this.#handshake(conn);
      if (protocol === null) return destroy();
      if (protocol === "h2") {
        await this.#http2?.carry(conn, entry, clientOf, destroy);
        return;
      }
    } else conn.setNoDelay(true);
    transport = new Transport(conn, { data() {}, ended() {} }, gone);
    const http = new HttpConnection(transport, port, entry, clientOf);
    transport.handler = http;
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, () => http.expire());
    await transport.run();
  }

  /** @returns the protocol; null if the handshake failed */
  async #handshake(end: TlsEnd): Promise<string | null> {
    try {
      return await end.handshake();
    } catch {
      this.#guard.refused("TLS handshakes failed");
      return null;
    }
  }

  /** Node's server does not report that it could not accept. */
  #checkTls(): void {
    try {
      this.#tls?.look();
    } catch (error) {
      this.#acceptFailed(error);
    }
  }

  #acceptFailed(error: unknown): void {
    if (this.#failedAt === null) {
      this.#options.log(`no connection can be accepted (${error}); open ones are not affected`);
    }
    this.#failedAt = performance.now();
    for (let i = 0; i < SHED_COUNT; i++) this.admission.shedAny();
  }

  #sweep(): void {
    this.#guard.sweep();
    this.#checkTls();
    if (this.#failedAt === null || performance.now() - this.#failedAt < RECOVERED_MS) return;
    this.#failedAt = null;
    this.#options.log("connections are accepted again");
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
