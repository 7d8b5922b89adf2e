/**
 * The public socket in front of workerd. workerd has no bounds or timeouts for heads, messages, fragments and connections, and ends when
 * it runs out of descriptors. So only complete requests and bounded frames are passed on to it, through a Unix socket, and never more
 * connections than it has descriptors for.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { LIMITS } from "../../../schema/limits.ts";
import { connectingDevice } from "../../../worker/request/connecting-device.ts";
import { type Admission, SWEEP_MS } from "../../machine/net/admission/admission.ts";
import { FrontGuard, type GuardOptions } from "../../machine/net/front-guard.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { authority } from "../../machine/port.ts";
import { ClientTurns } from "./client-turns.ts";
import { FrontConnection } from "./connection.ts";
import { EndedLinks } from "./ended-links.ts";
import { Strangers } from "./strangers.ts";
import type { LinkDevice } from "./waking.ts";

/** How long an account counts as new: less than its object stays awake after the account was made, and counts. */
const NEW_MS = 10_000;

interface FrontOptions extends GuardOptions {
  readonly hostname: string;
  /** Path of workerd's Unix socket. */
  readonly path: string;
}

export class Front {
  readonly strangers: Strangers;
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #guard: FrontGuard;
  readonly #endedLinks: EndedLinks;
  readonly #turns: ClientTurns;
  readonly #pipelined: ClientTurns;
  readonly #commands: ClientTurns;
  readonly #deviceOf: (fields: RequestHead["fields"]) => LinkDevice | null;
  #authority = "";
  #sweeper: ReturnType<typeof setInterval> | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { capacity, keyring, isRegistered } = options;
    this.#guard = new FrontGuard(options);
    const { now } = this.#guard;
    this.strangers = new Strangers({ capacity, now });
    this.#turns = new ClientTurns({ now });
    this.#pipelined = new ClientTurns({ now });
    this.#commands = new ClientTurns({ now });
    const connections = () => this.admission.size;
    const firm = () => this.admission.firm;
    this.#endedLinks = new EndedLinks({ capacity, connections, firm, now });
    this.#deviceOf = (fields) => {
      const device = connectingDevice(keyring, fields.get("sec-websocket-protocol"));
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

  get admission(): Admission {
    return this.#guard.admission;
  }

  /** Opens the port. @param port 0 chooses a free one. @returns the port */
  open(port: number): Promise<number> {
    const server = this.#server;
    return new Promise((done, fail) => {
      server.once("error", fail);
      server.listen({ host: this.#options.hostname, port, exclusive: true }, () => {
        server.off("error", fail);
        this.#sweeper = setInterval(() => this.#guard.sweep(), SWEEP_MS);
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

  #take(socket: Socket): void {
    const destroy = () => void socket.destroy();
    const { path } = this.#options;
    const admitted = this.#guard.admit(socket.remoteAddress ?? "", destroy);
    socket.on("error", destroy);
    if (admitted === null) {
      destroy();
      return;
    }
    const { entry, clientOf } = admitted;
    const { now, refused, unread, failedAuth, budgets } = this.#guard;
    const connection = new FrontConnection(socket, {
      entry,
      strangers: this.strangers,
      authority: this.#authority,
      unread,
      failedAuth,
      budgets,
      endedLinks: this.#endedLinks,
      deviceOf: this.#deviceOf,
      clientOf,
      turns: this.#turns,
      pipelined: this.#pipelined,
      commands: this.#commands,
      connect: () => connect({ path }),
      now,
      destroy,
      refused,
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
