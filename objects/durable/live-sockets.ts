/** The WebSockets of a live node, with the hibernation API. */
import type { Pass } from "../../core/live/access.ts";
import type { Sink } from "../../core/live/host.ts";
import type { Listen } from "../interfaces/connections.ts";
import type { LiveShell } from "../live/live-shell.ts";
import { SocketSink } from "../live/live-socket.ts";
import { answerHeartbeats, upgraded } from "./sockets.ts";

/** What of a listener survives a sleep of its node, as attachment of its socket. */
interface Attachment {
  /** From where it lags. */
  readonly behind?: number;
  readonly pass?: Pass;
}

const attachmentOf = (socket: WebSocket): Attachment =>
  (socket.deserializeAttachment() as Attachment | null) ?? {};

const keptBy = (socket: WebSocket): Pick<Sink, "lag" | "keep"> => ({
  lag(position) {
    const { behind: _, ...rest } = attachmentOf(socket);
    socket.serializeAttachment(position === null ? rest : { ...rest, behind: position });
  },
  keep(pass) {
    socket.serializeAttachment({ ...attachmentOf(socket), pass });
  },
});

export class LiveSockets {
  readonly #ctx: DurableObjectState;
  readonly #shell: LiveShell;
  readonly #sinks = new WeakMap<WebSocket, SocketSink>();

  /** Restores the listeners whose sockets stayed open while the object slept. */
  constructor(ctx: DurableObjectState, shell: LiveShell) {
    this.#ctx = ctx;
    this.#shell = shell;
    answerHeartbeats(ctx);
    for (const socket of ctx.getWebSockets()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const { behind = null, pass = null } = attachmentOf(socket);
      shell.restore(this.of(socket), behind, pass);
    }
  }

  of(socket: WebSocket): SocketSink {
    let sink = this.#sinks.get(socket);
    if (sink === undefined) {
      sink = new SocketSink(socket, keptBy(socket));
      this.#sinks.set(socket, sink);
    }
    return sink;
  }

  /** Joins a listener with a new socket. */
  open({ after, protocol, pass }: Listen): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    const sink = this.of(server);
    if (pass !== null) sink.keep(pass);
    this.#shell.join(sink, after, pass);
    return upgraded(client, protocol === null ? {} : { "sec-websocket-protocol": protocol });
  }

  /** If its close is what woke the object, it was not among those to restore; the node counts its listeners all the same. */
  lose(socket: WebSocket): void {
    this.#shell.leave(this.of(socket));
    this.#sinks.delete(socket);
  }
}
