/** The WebSockets of this process: opened, watched, and closed when the mesh stops. */
import type { Claims } from "../../core/device/account.ts";
import { closeReason, LINK_SUBPROTOCOL } from "../../objects/close.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { INTERNAL_CLOSE, type LinkHost } from "../../worker/link-host.ts";
import { problemResponse } from "../../worker/problem.ts";
import type { DeviceHost } from "./objects/device.ts";
import type { Mesh } from "./objects/mesh.ts";
import type { DeviceSocket } from "./objects/socket.ts";

/** A link from which nothing came for this long has no device any more: it missed two heartbeats of the longest kind. */
export const SILENT_MS = 2 * LIMITS.HEARTBEAT_MAX_MS;
/** How often silent links are looked for: late by that much at the most, and no timer for each of them. */
const SWEEP_MS = 60_000;
/** Links closed in one turn of a stop, and the time between two: 1,000 a second where the time allows it. */
const DRAIN_TURN_MS = 20;
const DRAIN_TURN_COUNT = 20;
/** Close frames that are not answered in this time end with the process. */
const CLOSE_WAIT_MS = 500;

/**
 * Sockets beyond the links of the mesh: closed ones stay until their device has answered, and Deno waits for that
 * without end.
 */
const CLOSING_SHARE = 0.1;

/** A WebSocket as its device uses it. */
class Link implements DeviceSocket {
  readonly socket: WebSocket;
  readonly device: DeviceHost;
  heardAt: number;

  constructor(socket: WebSocket, device: DeviceHost, heardAt: number) {
    this.socket = socket;
    this.device = device;
    this.heardAt = heardAt;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.socket.send(data);
  }

  close(code: number, reason: string): void {
    const { socket } = this;
    // Deno forgets a close that comes before the socket is open: the device would wait on a dead link.
    if (socket.readyState !== WebSocket.CONNECTING) socket.close(code, reason);
    else socket.onopen = () => socket.close(code, reason);
  }
}

export interface LinksOptions {
  readonly mesh: Mesh;
  /** Links that the edge admits. */
  readonly maxLinks: number;
  /** Milliseconds that only rise: a clock that jumps forth would make every device look silent. */
  readonly now?: () => number;
}

export class DenoLinks implements LinkHost {
  readonly #mesh: Mesh;
  readonly #maxSockets: number;
  readonly #now: () => number;
  readonly #links = new Set<Link>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  /** Refused sockets whose close is not answered yet. */
  readonly #refused = new Set<WebSocket>();
  #others: { readonly size: number } = { size: 0 };
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor({ mesh, maxLinks, now = () => performance.now() }: LinksOptions) {
    this.#mesh = mesh;
    this.#maxSockets = Math.ceil(maxLinks * (1 + CLOSING_SHARE));
    this.#now = now;
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  async open(request: Request, name: string, claims: Claims): Promise<Response> {
    // The edge closes the socket with what is thrown here.
    if (this.#draining) throw new MeshError("going_away");
    if (!this.hasRoom) throw new MeshError("mesh_full");
    let answer: Response | undefined;
    const device = this.#mesh.device(name);
    device.connect(claims, () => {
      const { socket, response } = upgrade(request, LINK_SUBPROTOCOL);
      answer = response;
      return this.#serve(device, socket);
    });
    if (answer === undefined) throw new Error("the device made no socket");
    return answer;
  }

  /** @param protocol the subprotocol to answer with; null where none was offered */
  refuse(request: Request, error: MeshError, protocol: string | null = LINK_SUBPROTOCOL): Response {
    // A browser cannot read this one; it sees that the connection failed, and comes back later.
    if (!this.hasRoom) return problemResponse(new MeshError("mesh_full"));
    const { socket, response } = upgrade(request, protocol);
    this.#refused.add(socket);
    socket.onopen = () => close(socket, error);
    socket.onclose = () => this.#refused.delete(socket);
    socket.onerror = () => this.#refused.delete(socket);
    return response;
  }

  /** Counts others' connections among its own from now on. */
  shareRoom(others: { readonly size: number }): void {
    this.#others = others;
  }

  /** Whether one more connection has a descriptor. */
  get hasRoom(): boolean {
    return this.#links.size + this.#refused.size + this.#others.size < this.#maxSockets;
  }

  /** Closes the links whose device has fallen silent: a half-open connection would stay for ever. */
  sweep(): void {
    const heardBefore = this.#now() - SILENT_MS;
    for (const link of this.#links) {
      if (link.heardAt > heardBefore || link.socket.readyState !== WebSocket.OPEN) continue;
      link.device.lose(link, this.#now() - link.heardAt);
      close(link, new MeshError("silent"));
    }
  }

  /**
   * Takes no more links, and closes those that stand with `going_away`, so that their devices come back one after
   * another: at 1,000 a second, or as many as have to be closed to be done in time.
   *
   * @param ms for all of them
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
    const closed = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#links.size === 0) resolve();
    });
    await Promise.race([closed, sleep(CLOSE_WAIT_MS)]);
  }

  /** The heartbeat is answered here, without waking the device. */
  #serve(device: DeviceHost, socket: WebSocket): Link {
    const link = new Link(socket, device, this.#now());
    this.#links.add(link);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      link.heardAt = this.#now();
      if (data === "ping") socket.send("pong");
      else device.receive(link, data);
    };
    const end = () => {
      this.#links.delete(link);
      device.lose(link);
      if (this.#links.size === 0) this.#onEmpty?.();
    };
    socket.onclose = end;
    socket.onerror = end;
    return link;
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const upgrade = (request: Request, protocol: string | null) =>
  // No pings of the server's own: they would wake a phone's radio. The device's heartbeat proves the link.
  Deno.upgradeWebSocket(request, {
    idleTimeout: 0,
    ...(protocol === null ? {} : { protocol }),
  });

function close(socket: Pick<WebSocket, "close">, { code, message, row }: MeshError): void {
  socket.close(row.close ?? INTERNAL_CLOSE, closeReason(code, message));
}
