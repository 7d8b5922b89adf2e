/**
 * The public socket before workerd, which reads heads, messages and fragments without bound or timeout, holds whatever connects,
 * and ends where it has no descriptor to accept with. Only whole requests and bounded frames get there, by a Unix socket,
 * and never more connections than it has descriptors for.
 */
import { createServer, type Server, type Socket } from "node:net";
import { LIMITS } from "../../../schema/limits.ts";
import { Admission } from "../../machine/net/admission.ts";
import { FrontConnection } from "./connection.ts";
import { Strangers } from "./strangers.ts";

/** How late a timeout may be. */
const SWEEP_MS = 250;

export interface FrontOptions {
  readonly hostname: string;
  /** Path of workerd's socket. */
  readonly path: string;
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Milliseconds that only rise. */
  readonly now?: () => number;
}

export class Front {
  readonly admission: Admission;
  readonly strangers: Strangers;
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #sweeper: ReturnType<typeof setInterval> | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const now = options.now ?? (() => performance.now());
    this.admission = new Admission({ capacity: options.capacity, now });
    this.strangers = new Strangers({ capacity: options.capacity, now });
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#take(socket),
    );
    // Without a descriptor Node accepts later by itself.
    this.#server.on("error", () => {});
  }

  /** @param port 0 takes a free one. @returns the port */
  open(port: number): Promise<number> {
    const server = this.#server;
    return new Promise((done, fail) => {
      server.once("error", fail);
      server.listen({ host: this.#options.hostname, port, exclusive: true }, () => {
        server.off("error", fail);
        this.#sweeper = setInterval(() => this.admission.sweep(), SWEEP_MS);
        const address = server.address();
        done(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts no more; what stands goes on. */
  closeIdle(): void {
    this.#server.close();
    this.admission.closeIdle();
  }

  /** Ends everything. */
  kill(): void {
    this.#server.close();
    clearInterval(this.#sweeper);
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    const destroy = () => void socket.destroy();
    const entry = this.admission.admit(socket.remoteAddress ?? "", destroy);
    socket.on("error", destroy);
    if (entry === null) {
      destroy();
      return;
    }
    const connection = new FrontConnection(socket, {
      path: this.#options.path,
      entry,
      strangers: this.strangers,
      now: this.admission.now,
      destroy,
    });
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      connection.destroyInner();
      if (connection.isGuestLink) this.strangers.linkEnded(entry.address);
      this.admission.remove(entry);
    });
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, () => connection.expire());
  }
}
