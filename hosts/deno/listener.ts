/**
 * The public socket. Deno's server ends when a connection cannot be accepted, because the process is out of
 * descriptors for example, and it has no timeouts: a client that sends nothing keeps its connection. So the port is
 * opened again while what is connected goes on; where that does not help, every connection is closed.
 */

/** From one attempt to open the port again to the next. */
const REOPEN_MS = 250;
/** As long after the port was opened again, the trouble is over. */
const GOOD_MS = 5_000;
/** Trouble that lasts as long does not pass by itself: idle connections hold what new ones need. */
const SHED_MS = 5_000;

export interface ListenerOptions {
  readonly hostname: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly handler: (request: Request) => Response | Promise<Response>;
  /** Told one line about trouble, and one when it is over. */
  readonly log: (line: string) => void;
}

export class Listener {
  readonly #options: ListenerOptions;
  /** The last of them listens; those before serve connections that they accepted. */
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  #stopping = false;
  #troubleSince: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Opens the port.
   *
   * @param port 0 takes a free one
   * @returns the port
   * @throws what Deno.serve does
   */
  open(port: number): number {
    const { hostname, tls, handler } = this.#options;
    const server = Deno.serve(
      // Quiet: stdout is for what --json promises.
      { hostname, port, onListen() {}, ...(tls ?? {}) },
      handler,
    );
    this.#servers.push(server);
    server.finished.catch((error: unknown) => this.#reopen(server.addr.port, error));
    return server.addr.port;
  }

  /**
   * Accepts no more, lets the requests under way end, and closes every connection.
   *
   * @param ms for the requests; those that take longer are left to end with the process
   */
  async stop(ms: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    // Deno can cut what is under way, by a signal, but no more after a shutdown.
    await Promise.race([this.#close(), new Promise((resolve) => setTimeout(resolve, ms))]);
  }

  #reopen(port: number, error: unknown): void {
    if (this.#stopping) return;
    clearTimeout(this.#timer);
    const { log } = this.#options;
    if (this.#troubleSince === null) {
      this.#troubleSince = Date.now();
      log(`no connection can be accepted (${error}); those that stand go on`);
    } else if (Date.now() - this.#troubleSince > SHED_MS) {
      this.#troubleSince = Date.now();
      log("idle connections hold what new ones need: all are closed, and devices come back");
      void this.#close();
    }
    this.#timer = setTimeout(() => this.#tryOpen(port), REOPEN_MS);
  }

  #tryOpen(port: number): void {
    try {
      this.open(port);
    } catch (error) {
      this.#reopen(port, error);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#troubleSince = null;
      this.#options.log("connections are accepted again");
    }, GOOD_MS);
  }

  /** Closes what all servers so far have accepted, but for the requests under way. */
  async #close(): Promise<void> {
    await Promise.allSettled(this.#servers.splice(0).map((server) => server.shutdown()));
  }
}
