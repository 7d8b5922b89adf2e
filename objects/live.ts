/**
 * The Durable Object of one live node: WebSockets of the hibernation API, and event streams, which keep it awake for as long
 * as they are open.
 */
import { DurableObject } from "cloudflare:workers";
import { sealAppId } from "../core/identity/app-id.ts";
import { keyringOf } from "../core/identity/keyring.ts";
import type { LiveHost, Sink } from "../core/live/host.ts";
import { LiveNode } from "../core/live/live-node.ts";
import { broadcastId } from "../core/live/message-id.ts";
import { nodeObjectName, parseLiveName } from "../core/tag/name.ts";
import type { LivePublish, LivePublishAnswer } from "../core/tag/types.ts";
import { MeshError } from "../schema/errors.ts";
import { fromBase64Url } from "../schema/text.ts";
import { callObject } from "./call.ts";
import { finish } from "./close.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import { type AppRpc, LIVE_HEADERS, type LiveRpc, type TagRpc } from "./interfaces/rpc.ts";
import { listeners } from "./links.ts";
import { liveSignerOf } from "./live-key.ts";
import { SocketSink } from "./live-socket.ts";
import { EVENT_STREAM_HEADERS, EventStream, EventStreams } from "./live-stream.ts";
import { SqlLiveStore } from "./storage/live-store.ts";
import { withTimeout } from "./timeout.ts";

/** What a live node needs of the worker's bindings. */
interface LiveEnv {
  readonly MESH_KEYS: string;
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly APPS: ObjectNamespace<AppRpc>;
}

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

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
  readonly #name: string;
  readonly #node: LiveNode;
  readonly #stored: SqlLiveStore;
  readonly #sinks = new Map<WebSocket, SocketSink>();
  readonly #streams = new EventStreams();

  constructor(ctx: DurableObjectState, env: LiveEnv) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    const name = parseLiveName(this.#name);
    this.#stored = new SqlLiveStore(ctx.storage.sql);
    this.#node = new LiveNode({ name, store: this.#stored, host: liveHost(env, name) });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    for (const socket of ctx.getWebSockets()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const attachment = socket.deserializeAttachment() as Attachment | null;
      this.#node.restore(this.#sinkOf(socket), attachment?.behind ?? null);
    }
    this.#count();
  }

  async publish(request: LivePublish): Promise<LivePublishAnswer> {
    return this.#node.publish(request);
  }

  async presence(total: number): Promise<void> {
    return this.#node.presence(total);
  }

  async listeners(): Promise<number> {
    const count = await this.#node.listeners();
    // An empty database is 12 KB and more for ever; nothing else frees it.
    if (!this.#stored.exists) await this.ctx.storage.deleteAll();
    return count;
  }

  async drain(): Promise<void> {
    this.#node.drain();
    this.#count();
  }

  /** A request to listen that the edge has let through. */
  override async fetch(request: Request): Promise<Response> {
    const { headers } = request;
    const tag = decodeURIComponent(headers.get(LIVE_HEADERS.tag) ?? "");
    const afterText = headers.get(LIVE_HEADERS.after);
    const after = afterText === null ? null : Number(afterText);
    try {
      await this.#node.prepare(tag, after);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return new Response(error.message, {
        status: 503,
        headers: { [LIVE_HEADERS.error]: error.code },
      });
    }
    const answer = headers.has("upgrade")
      ? this.#openSocket(after, headers.get("sec-websocket-protocol"))
      : this.#openStream(after);
    this.#count();
    return answer;
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
    this.#node.join(this.#sinkOf(server), after);
    const headers = protocol === null ? {} : { "sec-websocket-protocol": protocol };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  #openStream(after: number | null): Response {
    const stream = new EventStream(() => {
      this.#streams.delete(stream);
      this.#node.leave(stream);
      this.#count();
    });
    this.#streams.add(stream);
    this.#node.join(stream, after);
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
    this.#node.leave(this.#sinkOf(socket));
    this.#sinks.delete(socket);
    this.#count();
  }

  #count(): void {
    listeners.set(this.#name, this.#node.count);
  }
}

function liveHost(env: LiveEnv, { app, tagId }: { app: string; tagId: string }): LiveHost {
  const keyring = keyringOf(env.MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  const root = nodeObjectName({ app, tagId, path: "" });
  const appId = sealAppId(keyring, fromBase64Url(app) ?? new Uint8Array());
  return {
    now: () => Date.now(),
    // The output gate holds back whatever the object says until it is.
    durable: () => Promise.resolve(),
    sleep: (ms) => scheduler.wait(ms),
    withTimeout,
    yield: () => scheduler.wait(0),
    root: {
      reportLive: (report) => callObject(() => env.TAGS.getByName(root).reportLive(report)),
      entriesAfter: (after) => callObject(() => env.TAGS.getByName(root).entriesAfter(after)),
    },
    appId,
    sign: liveSignerOf(() => callObject(() => env.APPS.getByName(appId).liveKey())),
    messageId: (entry) => broadcastId(keyring, app, entry),
    reportError: (error) => console.error(error),
  };
}
