/**
 * The public socket before workerd, which reads heads, messages and fragments without bound or timeout, holds whatever connects,
 * and ends where it has no descriptor to accept with. Only whole requests and bounded frames get there, by a Unix socket,
 * and never more connections than it has descriptors for.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { NOBODY } from "../../machine/net/admission/address-share.ts";
import { Admission, SWEEP_MS } from "../../machine/net/admission/admission.ts";
import {
  connectingDevice,
  type IsRegistered,
} from "../../machine/net/admission/connecting-device.ts";
import { FailedAuth } from "../../machine/net/admission/failed-auth.ts";
import { clientOf, isTrusted, type Proxies } from "../../machine/net/admission/forwarded.ts";
import { Refusals } from "../../machine/net/admission/refusals.ts";
import { Unread } from "../../machine/net/admission/unread.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { authority } from "../../machine/port.ts";
import { FrontConnection } from "./connection.ts";
import { EndedLinks } from "./ended-links.ts";
import { Strangers } from "./strangers.ts";
import type { LinkDevice } from "./waking.ts";

/** As long an account is new: shorter than its object is awake for it, and counts. */
const NEW_MS = 10_000;

export interface FrontOptions {
  readonly hostname: string;
  /** Path of workerd's socket. */
  readonly path: string;
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Tells the credentials of this mesh from junk. */
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Whoever connects from these names the clients of its requests. */
  readonly proxies: Proxies;
  /** Told a line a minute of what was refused. */
  readonly log: (line: string) => void;
  /** Milliseconds that only rise. */
  readonly now?: () => number;
}

export class Front {
  readonly admission: Admission;
  readonly strangers: Strangers;
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #unread = new Unread();
  readonly #failedAuth: FailedAuth;
  readonly #endedLinks: EndedLinks;
  readonly #deviceOf: (fields: RequestHead["fields"]) => LinkDevice | null;
  readonly #refusals: Refusals;
  readonly #refused: (kind: string) => void;
  #authority = "";
  #sweeper: ReturnType<typeof setInterval> | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const now = options.now ?? (() => performance.now());
    this.#refusals = new Refusals(options.log);
    this.#refused = (kind) => this.#refusals.count(kind, now());
    const { capacity, keyring, isRegistered } = options;
    this.admission = new Admission({ capacity, now, onRefuse: this.#refused });
    this.#failedAuth = new FailedAuth({ keyring, isRegistered, now });
    this.strangers = new Strangers({ capacity, now });
    const connections = () => this.admission.size;
    const firm = () => this.admission.firm;
    this.#endedLinks = new EndedLinks({ capacity, connections, firm, now });
    this.#deviceOf = (fields) => {
      const device = connectingDevice(keyring, fields);
      if (device === null) return null;
      const age = Date.now() - device.madeAt;
      const isNew = age < NEW_MS && age > -NEW_MS;
      const stranger = isNew ? "new" : "stranger";
      return {
        name: device.name,
        standing: isRegistered(device.name) ? "registered" : stranger,
      };
    };
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
        this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
        const address = server.address();
        const taken = typeof address === "object" && address !== null ? address.port : port;
        this.#authority = authority(this.#options.hostname, taken);
        done(taken);
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

  #sweep(): void {
    this.admission.sweep();
    this.#refusals.look(this.admission.now());
  }

  #take(socket: Socket): void {
    const destroy = () => void socket.destroy();
    const { proxies, path } = this.#options;
    const peer = socket.remoteAddress ?? "";
    const isProxy = isTrusted(proxies, peer);
    const entry = this.admission.admit(isProxy ? NOBODY : peer, destroy);
    socket.on("error", destroy);
    if (entry === null) {
      destroy();
      return;
    }
    const connection = new FrontConnection(socket, {
      entry,
      strangers: this.strangers,
      authority: this.#authority,
      unread: this.#unread,
      failedAuth: this.#failedAuth,
      endedLinks: this.#endedLinks,
      deviceOf: this.#deviceOf,
      clientOf: isProxy ? (fields) => clientOf(peer, fields, proxies) : null,
      connect: () => connect({ path }),
      now: this.admission.now,
      destroy,
      refused: this.#refused,
    });
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      connection.closed();
      this.admission.remove(entry);
    });
    entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, () => connection.expire());
  }
}
