/**
 * The Durable Object of one live node: WebSockets of the hibernation API, and event streams, which keep it awake for as long
 * as they are open.
 */
import { DurableObject } from "cloudflare:workers";
import { keyringOf } from "../../core/identity/keyring.ts";
import type { Sink } from "../../core/live/host.ts";
import type { LivePublish, LivePublishAnswer } from "../../core/tag/calls/live.ts";
import { MeshError } from "../../schema/errors.ts";
import { finish, NORMAL_CLOSURE } from "../close.ts";
import { LIVE_HEADERS, type LiveRpc } from "../interfaces/rpc.ts";
import { LiveShell } from "../live/live-shell.ts";
import { SocketSink } from "../live/live-socket.ts";
import { EVENT_STREAM_HEADERS, EventStream, EventStreams } from "../live/live-stream.ts";
import { SqlLiveStore } from "../storage/live-store.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings } from "./runtime.ts";

/** What a live node needs of the worker's bindings. */
interface LiveEnv extends PeerEnv, Settings {
  readonly MESH_KEYS: string;
}

/** A socket's attachment: where a listener lags, for a node that is evicted meanwhile. */
interface Attachment {
  readonly behind: number;
}

/** Keeps with the socket from where on its listener lags. */
const lagOf =
  (socket: WebSocket): Sink["lag"] =>
  (position) => {
    const attachment: Attachment | null = position === null ? null : { behind: position };
    socket.serializeAttachment(attachment);
  };

export class LiveObject extends DurableObject<LiveEnv> implements LiveRpc {
  readonly #live: LiveShell;
  readonly #sinks = new Map<WebSocket, SocketSink>();
  readonly #streams = new EventStreams();

  constructor(ctx: DurableObjectState, env: LiveEnv) {
    super(ctx, env);
    const keyring = keyringOf(env.MESH_KEYS);
    if (typeof keyring === "string") throw new Error(keyring);
    const runtime = new DurableRuntime(ctx, env, () => new SqlLiveStore(ctx.storage.sql));
    this.#live = new LiveShell(runtime, peersOf(env), keyring);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    for (const socket of ctx.getWebSockets()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const attachment = socket.deserializeAttachment() as Attachment | null;
      this.#live.restore(this.#sinkOf(socket), attachment?.behind ?? null);
    }
  }

  publish(request: LivePublish): Promise<LivePublishAnswer> {
    return this.#live.publish(request);
  }

  presence(total: number): Promise<void> {
    return this.#live.presence(total);
  }

  listeners(): Promise<number> {
    return this.#live.listeners();
  }

  drain(): Promise<void> {
    return this.#live.drain();
  }

  /** A request to listen that the edge has let through. */
  override async fetch(request: Request): Promise<Response> {
    const { headers } = request;
    const tag = decodeURIComponent(headers.get(LIVE_HEADERS.tag) ?? "");
    const afterText = headers.get(LIVE_HEADERS.after);
    const after = afterText === null ? null : Number(afterText);
    try {
      await this.#live.prepare(tag, after);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return new Response(error.message, {
        status: 503,
        headers: { [LIVE_HEADERS.error]: error.code },
      });
    }
    return headers.has("upgrade")
      ? this.#openSocket(after, headers.get("sec-websocket-protocol"))
      : this.#openStream(after);
  }

  /** A listener has nothing to say; the heartbeat never gets here. */
  override webSocketMessage(socket: WebSocket): void {
    this.#sinkOf(socket).close("protocol_error");
    this.#lose(socket);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#lose(socket);
    finish(socket, NORMAL_CLOSURE, "");
  }

  override webSocketError(socket: WebSocket): void {
    this.#lose(socket);
  }

  #openSocket(after: number | null, protocol: string | null): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#live.join(this.#sinkOf(server), after);
    const headers = protocol === null ? {} : { "sec-websocket-protocol": protocol };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  #openStream(after: number | null): Response {
    const stream = new EventStream(() => {
      this.#streams.delete(stream);
      this.#live.leave(stream);
    });
    this.#streams.add(stream);
    this.#live.join(stream, after);
    return new Response(stream.body, { headers: EVENT_STREAM_HEADERS });
  }

  #sinkOf(socket: WebSocket): SocketSink {
    let sink = this.#sinks.get(socket);
    if (sink === undefined) {
      sink = new SocketSink(socket, lagOf(socket));
      this.#sinks.set(socket, sink);
    }
    return sink;
  }

  #lose(socket: WebSocket): void {
    // One whose close is what woke the object was not among those to restore: the node counts anew all the same.
    this.#live.leave(this.#sinkOf(socket));
    this.#sinks.delete(socket);
  }
}
