/** The Durable Object of one live node: its listeners' WebSockets sleep with it; their event streams keep it awake. */
import { MeshError } from "../../schema/errors.ts";
import { finish, NORMAL_CLOSURE } from "../close.ts";
import { LIVE_ERROR_HEADER, listenIn } from "../interfaces/connections.ts";
import { type Alarmed, LIVE_METHODS } from "../interfaces/methods.ts";
import type { LiveRpc } from "../interfaces/rpc.ts";
import { EVENT_STREAM_HEADERS, EVENT_STREAM_QUEUE } from "../live/live-stream.ts";
import { durableLive, type LiveEnv } from "./live-host.ts";
import { LiveSockets } from "./live-sockets.ts";
import { durableObject, SHELL } from "./object.ts";

export class LiveObject extends durableObject<LiveRpc & Alarmed, LiveEnv>(LIVE_METHODS) {
  override readonly [SHELL] = durableLive(this.ctx, this.env);
  readonly #sockets = new LiveSockets(this.ctx, this[SHELL]);

  /** A request to listen that the edge has let through. */
  override async fetch({ headers }: Request): Promise<Response> {
    const listen = listenIn(headers);
    const { tag, after, transport, pass } = listen;
    try {
      await this[SHELL].prepare(tag, after);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const { code, message } = error;
      return new Response(message, { status: 503, headers: { [LIVE_ERROR_HEADER]: code } });
    }
    if (transport === "socket") return this.#sockets.open(listen);
    const bodyOf = (source: UnderlyingSource) => new ReadableStream(source, EVENT_STREAM_QUEUE);
    return new Response(this[SHELL].joinStream({ after, pass }, bodyOf), {
      headers: EVENT_STREAM_HEADERS,
    });
  }

  /** A listener has nothing to say; heartbeats do not get here. */
  override webSocketMessage(socket: WebSocket): void {
    this.#sockets.of(socket).close("protocol_error");
    this.#sockets.lose(socket);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#sockets.lose(socket);
    finish(socket, NORMAL_CLOSURE, "");
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.lose(socket);
  }
}
