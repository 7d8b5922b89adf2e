/** The WebSockets of the devices: opens them, closes silent ones, and closes all when the mesh stops. */
import type { Claims } from "../../core/device/account.ts";
import { SILENT_MS } from "../../core/link/silence.ts";
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import type { DeviceShell } from "../../objects/device/device-shell.ts";
import { MeshError } from "../../schema/errors.ts";
import type { LinkHost } from "../../worker/link-host.ts";
import { connectionOf, type HttpConnection } from "./net/http.ts";
import type { ServerSocket } from "./net/socket.ts";
import { LinkSocket } from "./objects/link-socket.ts";
import type { Mesh } from "./objects/mesh.ts";
import { SocketSet } from "./socket-set.ts";

/** How often silent links are looked for, instead of one timer per link. */
const SWEEP_MS = 60_000;
/** During a stop, links are closed in turns: 1,000 a second, or more if the time requires it. */
const DRAIN_TURN_MS = 20;
const DRAIN_TURN_COUNT = 20;

interface Link {
  readonly socket: ServerSocket;
  readonly port: LinkSocket;
  readonly device: DeviceShell;
}

/** The answer to a request whose connection has become a WebSocket. */
export const UPGRADED = new Response(null);

interface LinksOptions {
  readonly mesh: Mesh;
  /** Maximum number of links and listeners together. */
  readonly maxLinks: number;
  /** Monotonic milliseconds: if the clock jumped forward, every device would look silent. */
  readonly now?: () => number;
}

export class DenoLinks implements LinkHost {
  readonly #mesh: Mesh;
  readonly #maxLinks: number;
  readonly #now: () => number;
  readonly #links = new SocketSet<Link>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  readonly #others: { readonly size: number }[] = [];
  #draining = false;

  constructor({ mesh, maxLinks, now = () => performance.now() }: LinksOptions) {
    this.#mesh = mesh;
    this.#maxLinks = maxLinks;
    this.#now = now;
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  async open(request: Request, name: string, claims: Claims): Promise<Response> {
    // The edge closes the socket with the errors thrown here.
    if (this.#draining) throw new MeshError("going_away");
    const connection = connectionOf(request);
    const device = this.#mesh.device(name);
    const { isRegistered } = device;
    if (!device.isLinked) this.requireRoom(isRegistered ? connection : undefined);
    const opened = device.connect(claims, () => {
      const socket = connection.accept(request, LINK_SUBPROTOCOL);
      if (isRegistered) connection.entry.become("device");
      else connection.entry.isDevice = () => device.isRegistered;
      connection.registeredDevice = () => (device.isRegistered ? name : null);
      return this.#serve(device, socket);
    });
    if (!opened.ok) throw new MeshError(opened.code, opened.detail);
    return UPGRADED;
  }

  /** @param protocol the subprotocol to answer with; null if none was offered */
  refuse(request: Request, error: MeshError, protocol: string | null = LINK_SUBPROTOCOL): Response {
    connectionOf(request).refuse(request, protocol, error);
    return UPGRADED;
  }

  /** Counts these connections towards the maximum, too. */
  shareRoom(others: { readonly size: number }): void {
    this.#others.push(others);
  }

  /**
   * Checks that there is room for one more link or listener.
   *
   * @param known the connection of a registered device, or of an app server, which may displace a guest
   * @throws MeshError `mesh_full`
   */
  requireRoom(known?: HttpConnection): void {
    const held = this.#others.reduce((sum, { size }) => sum + size, this.#links.size);
    if (held < this.#maxLinks || known?.entry.makeRoom()) return;
    throw new MeshError("mesh_full", `at most ${this.#maxLinks} links and listeners`);
  }

  /** Closes links whose device sends no heartbeats: a half-open connection would stay forever. */
  sweep(): void {
    const heardBefore = this.#now() - SILENT_MS;
    for (const link of this.#links) {
      const { device, socket, port } = link;
      if (socket.heardAt > heardBefore || !socket.isOpen) continue;
      device.lose(port, this.#now() - socket.heardAt);
      socket.refuse("silent");
    }
  }

  /**
   * Opens no more links, and closes all with `going_away`, at a rate that lets their devices reconnect one after another: 1,000 a second,
   * or more if the time requires it.
   *
   * @param ms time for all of them
   */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    clearInterval(this.#sweeper);
    const devices = Array.from(this.#links, ({ device }) => device);
    const turn = Math.max(DRAIN_TURN_COUNT, Math.ceil((devices.length * DRAIN_TURN_MS) / ms));
    while (devices.length > 0) {
      const drained = await Promise.allSettled(devices.splice(-turn).map((each) => each.drain()));
      for (const each of drained) if (each.status === "rejected") this.#mesh.report(each.reason);
      if (devices.length > 0) await sleep(DRAIN_TURN_MS);
    }
    await this.#links.emptied();
  }

  #serve(device: DeviceShell, socket: ServerSocket): LinkSocket {
    const port = new LinkSocket(socket);
    const link: Link = { socket, port, device };
    this.#links.add(link);
    socket.onmessage = (data) => void device.receive(port, data);
    socket.onclose = () => {
      this.#links.delete(link);
      device.lose(port);
    };
    return port;
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
