/** The live listeners of this process: WebSockets and event streams, which count among the mesh's links. */
import { type LiveName, liveObjectName } from "../../core/tag/name.ts";
import { SocketSink } from "../../objects/live-socket.ts";
import { EVENT_STREAM_HEADERS, EventStream, EventStreams } from "../../objects/live-stream.ts";
import { MeshError } from "../../schema/errors.ts";
import type { Listen, LiveHost } from "../../worker/live/host.ts";
import type { DenoLinks } from "./links.ts";
import type { LiveNodeHost } from "./objects/live.ts";
import type { Mesh } from "./objects/mesh.ts";

/** There is one region: this machine. */
const REGION = "local";
/**
 * After so much silence Deno pings, and after as much again it ends the socket: pages send no heartbeat of their own,
 * and answer a ping without being woken.
 */
const IDLE_SECONDS = 60;
/** Close frames that are not answered in this time end with the process. */
const CLOSE_WAIT_MS = 500;

export class DenoLive implements LiveHost {
  readonly #mesh: Mesh;
  readonly #links: DenoLinks;
  readonly #streams = new EventStreams();
  /** Sockets, until their close has been answered. */
  readonly #sockets = new Set<WebSocket>();
  #draining = false;
  #onEmpty: (() => void) | undefined;

  /** @param links whose room is shared, and by which sockets are refused */
  constructor(mesh: Mesh, links: DenoLinks) {
    this.#mesh = mesh;
    this.#links = links;
    links.shareRoom(this);
  }

  /** Connections, those that are opening or closing among them. */
  get size(): number {
    return this.#sockets.size + this.#streams.count;
  }

  regionOf(): string {
    return REGION;
  }

  async open(request: Request, name: LiveName, listen: Listen): Promise<Response> {
    if (this.#draining) throw new MeshError("going_away");
    const node = this.#mesh.liveNodes.get(liveObjectName(name));
    await node.prepare(listen.tag, listen.after);
    if (!this.#links.hasRoom) throw new MeshError("mesh_full");
    return listen.transport === "socket"
      ? this.#openSocket(request, node, listen)
      : this.#openStream(node, listen);
  }

  refuse(request: Request, error: MeshError, protocol: string | null): Response {
    return this.#links.refuse(request, error, protocol);
  }

  /** Takes no more listeners, and tells those that are here to come back. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all(this.#mesh.liveNodes.awake.map((node) => node.drain()));
    const closed = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
    });
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_WAIT_MS))]);
  }

  #openSocket(request: Request, node: LiveNodeHost, { after, protocol }: Listen): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: IDLE_SECONDS,
      ...(protocol === null ? {} : { protocol }),
    });
    const sink = new SocketSink(socket);
    this.#sockets.add(socket);
    // Deno sends nothing on a socket that is not open yet.
    socket.onopen = () => node.join(sink, after);
    socket.onmessage = ({ data }) => {
      if (data === "ping") socket.send("pong");
      else sink.close("protocol_error");
    };
    const end = () => {
      this.#sockets.delete(socket);
      node.leave(sink);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    };
    socket.onclose = end;
    socket.onerror = end;
    return response;
  }

  #openStream(node: LiveNodeHost, { after }: Listen): Response {
    const stream = new EventStream(() => {
      this.#streams.delete(stream);
      node.leave(stream);
    });
    this.#streams.add(stream);
    node.join(stream, after);
    return new Response(stream.body, { headers: EVENT_STREAM_HEADERS });
  }
}
