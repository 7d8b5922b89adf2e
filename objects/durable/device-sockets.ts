/** The WebSockets of a device's object, with the hibernation API. */
import type { LinkSnapshot } from "../../core/device/link/snapshot.ts";
import { lastHeard, SILENT_MS } from "../../core/link/silence.ts";
import type { Refused } from "../../core/message/refusal.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import { closeWith, LINK_SUBPROTOCOL } from "../close.ts";
import { REGISTERED_HEADER } from "../interfaces/connections.ts";
import type { SocketPort } from "../runtime.ts";
import { answerHeartbeats, upgraded } from "./sockets.ts";

/** What became of a connect request. */
interface Connected {
  readonly opened: { readonly ok: true } | Refused;
  /** Whether an app is registered on the device. */
  readonly isRegistered: boolean;
}

export class DeviceSockets {
  readonly #ctx: DurableObjectState;
  readonly #ports = new WeakMap<WebSocket, DurableSocket>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    answerHeartbeats(ctx);
  }

  of(socket: WebSocket): DurableSocket {
    let port = this.#ports.get(socket);
    if (port === undefined) {
      port = new DurableSocket(this.#ctx, socket);
      this.#ports.set(socket, port);
    }
    return port;
  }

  /** A frame has arrived on it. */
  heard(socket: WebSocket): DurableSocket {
    const port = this.of(socket);
    port.heard(Date.now());
    return port;
  }

  /** The sockets that stayed open while the object slept. */
  standing(): DurableSocket[] {
    const open = this.#ctx
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.OPEN);
    return open.map((socket) => this.of(socket));
  }

  /**
   * Opens a socket.
   *
   * @param connect asks the device for a link; it takes one by `accept`, and refuses it otherwise
   * @returns the answer to the upgrade, also if the link is refused, which closes the socket
   */
  open(connect: (accept: () => SocketPort) => Connected): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const { opened, isRegistered } = connect(() => this.#accept(server));
    if (!opened.ok) {
      server.accept();
      closeWith(server, opened.code, opened.detail ?? "");
    }
    return upgraded(client, {
      "sec-websocket-protocol": LINK_SUBPROTOCOL,
      ...(isRegistered ? { [REGISTERED_HEADER]: "1" } : {}),
    });
  }

  /** Accepts a socket and closes all older ones, also those from before a sleep. */
  #accept(socket: WebSocket): DurableSocket {
    for (const older of this.#ctx.getWebSockets()) {
      closeWith(older, "replaced", "");
      older.serializeAttachment(null);
    }
    this.#ctx.acceptWebSocket(socket);
    return this.of(socket);
  }
}

export class DurableSocket implements SocketPort {
  readonly #ctx: DurableObjectState;
  readonly #socket: WebSocket;
  /** When the last frame arrived, as far as this object remembers; heartbeats do not wake it. */
  #heardAt = 0;

  constructor(ctx: DurableObjectState, socket: WebSocket) {
    this.#ctx = ctx;
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** A frame has arrived. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  send(frame: Uint8Array): void {
    try {
      this.#socket.send(frame);
    } catch {
      // It is closed, and the event will follow.
    }
  }

  close(code: ErrorCode, detail: string): void {
    closeWith(this.#socket, code, detail);
  }

  save(snapshot: LinkSnapshot | null): void {
    this.#socket.serializeAttachment(snapshot);
  }

  saved(): LinkSnapshot | null {
    return this.#socket.deserializeAttachment() as LinkSnapshot | null;
  }

  /**
   * The runtime never closes the socket of a peer that vanished (workerd#1187), but it tells when it last answered a heartbeat. That is read
   * only if memory knows of nothing more recent.
   */
  silentSince(openedAt: number, now: number): number | null {
    if (Math.abs(now - this.#heardAt) < SILENT_MS) return null;
    const answered = this.#ctx.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime() ?? 0;
    this.#heardAt = lastHeard([this.#heardAt, answered, openedAt], now);
    return now - this.#heardAt < SILENT_MS ? null : this.#heardAt;
  }
}
