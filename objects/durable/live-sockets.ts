/** The WebSockets of a live node, with the hibernation API. */
import type { Sink } from "../../core/live/host.ts";
import type { LiveShell } from "../live/live-shell.ts";
import { SocketSink } from "../live/live-socket.ts";
import { answerHeartbeats, upgraded } from "./sockets.ts";

/** A socket's attachment: from where its listener lags, for a node that is evicted meanwhile. */
interface Attachment {
  readonly behind: number;
}

const lagOf =
  (socket: WebSocket): Sink["lag"] =>
  (position) => {
    const attachment: Attachment | null = position === null ? null : { behind: position };
    socket.serializeAttachment(attachment);
  };

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
      const attachment = socket.deserializeAttachment() as Attachment | null;
      shell.restore(this.of(socket), attachment?.behind ?? null);
    }
  }

  of(socket: WebSocket): SocketSink {
    let sink = this.#sinks.get(socket);
    if (sink === undefined) {
      sink = new SocketSink(socket, lagOf(socket));
      this.#sinks.set(socket, sink);
    }
    return sink;
  }

  /** Joins a listener with a new socket. */
  open(after: number | null, protocol: string | null): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    this.#shell.join(this.of(server), after);
    return upgraded(client, protocol === null ? {} : { "sec-websocket-protocol": protocol });
  }

  /** If its close is what woke the object, it was not among those to restore; the node counts its listeners all the same. */
  lose(socket: WebSocket): void {
    this.#shell.leave(this.of(socket));
    this.#sinks.delete(socket);
  }
}
