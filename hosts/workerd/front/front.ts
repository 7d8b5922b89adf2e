/**
 * The public socket in front of workerd. workerd has no bounds or timeouts for heads, messages, fragments and connections, and ends when
 * it runs out of descriptors. So only complete requests and bounded frames are passed on to it, through a Unix socket, and never more
 * connections than it has descriptors for.
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

/** How long an account counts as new: less than its object stays awake after the account was made, and counts. */
const NEW_MS = 10_000;

export interface FrontOptions {
  readonly hostname: string;
  /** Path of workerd's Unix socket. */
  readonly path: string;
  /** Connections that workerd has descriptors for. */
  readonly capacity: number;
  /** Verifies credentials of this mesh. */
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Proxies that are trusted to name their clients. */
  readonly proxies: Proxies;
  /** Logs a line. */
  readonly log: (line: string) => void;
  /** Monotonic milliseconds. */
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
    // After a failure for want of a descriptor, Node accepts again later by itself.
    this.#server.on("error", () => {});
  }

  /** Opens the port. @param port 0 chooses a free one. @returns the port */
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

  /** Accepts no more connections, and closes idle ones. */
  closeIdle(): void {
    this.#server.close();
    this.admission.closeIdle();
  }

  /** Closes all connections at once. */
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
