/** Live listeners: WebSockets and event streams, which count towards the maximum of links. */
import { type LiveName, liveObjectName } from "../../core/tag/name.ts";
import type { Listen } from "../../objects/interfaces/connections.ts";
import type { LiveShell } from "../../objects/live/live-shell.ts";
import { SocketSink } from "../../objects/live/live-socket.ts";
import { EVENT_STREAM_HEADERS, EVENT_STREAM_QUEUE } from "../../objects/live/live-stream.ts";
import { MeshError } from "../../schema/errors.ts";
import type { ListenHost } from "../../worker/live/host.ts";
import { type DenoLinks, UPGRADED } from "./links.ts";
import { connectionOf } from "./net/http.ts";
import type { ServerSocket } from "./net/socket.ts";
import { tunnelOf } from "./net/tunnels.ts";
import type { Mesh } from "./objects/mesh.ts";
import { SocketSet } from "./socket-set.ts";

/** The only region. */
const REGION = "local";
/**
 * A listener that is silent for this long is pinged, and after twice this time its socket is closed. Pages send no heartbeat, but
 * browsers answer pings.
 */
const IDLE_MS = 60_000;
const LOOK_MS = 30_000;

export class DenoLive implements ListenHost {
  readonly #mesh: Mesh;
  readonly #links: DenoLinks;
  /** Event streams that have not ended. */
  #streams = 0;
  /** Sockets, including those whose close has not been answered. */
  readonly #sockets = new SocketSet<ServerSocket>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #draining = false;

  /** @param links shares its maximum, and refuses sockets */
  constructor(mesh: Mesh, links: DenoLinks) {
    this.#mesh = mesh;
    this.#links = links;
    links.shareRoom(this);
    this.#sweeper = setInterval(() => this.#look(performance.now()), LOOK_MS);
  }

  /** Number of connections, including those that are opening or closing. */
  get size(): number {
    return this.#sockets.size + this.#streams;
  }

  regionOf(): string {
    return REGION;
  }

  async open(request: Request, name: LiveName, listen: Listen): Promise<Response> {
    if (this.#draining) throw new MeshError("going_away");
    const node = this.#mesh.liveNodes.get(liveObjectName(name));
    await node.prepare(listen.tag, listen.after);
    this.#links.requireRoom();
    return listen.transport === "socket"
      ? this.#openSocket(request, node, listen)
      : this.#openStream(request, node, listen);
  }

  refuse(request: Request, error: MeshError, protocol: string | null): Response {
    return this.#links.refuse(request, error, protocol);
  }

  /** Accepts no more listeners, and tells the present ones to reconnect. */
  async drain(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#sweeper);
    await Promise.all(this.#mesh.liveNodes.awake.map((node) => node.drain()));
    await this.#sockets.emptied();
  }

  #openSocket(request: Request, node: LiveShell, { after, protocol, pass }: Listen): Response {
    const socket = connectionOf(request).accept(request, protocol);
    const sink = new SocketSink(socket);
    this.#sockets.add(socket);
    socket.onmessage = () => sink.close("protocol_error");
    socket.onclose = () => {
      this.#sockets.delete(socket);
      node.leave(sink);
    };
    node.join(sink, after, pass);
    return UPGRADED;
  }

  #look(now: number): void {
    for (const socket of this.#sockets) {
      const silentMs = now - socket.heardAt;
      if (silentMs > 2 * IDLE_MS) socket.destroy();
      else if (silentMs > IDLE_MS) socket.ping();
    }
  }

  #openStream(request: Request, node: LiveShell, { after, pass }: Listen): Response {
    const tunnel = tunnelOf(request);
    tunnel?.begin();
    this.#streams++;
    const body = node.joinStream(
      { after, pass },
      (source) => new ReadableStream(source, EVENT_STREAM_QUEUE),
      () => {
        tunnel?.end();
        this.#streams--;
      },
    );
    return new Response(body, { headers: EVENT_STREAM_HEADERS });
  }
}
