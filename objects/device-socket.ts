/** The socket of a device's link, and what stays with it while the object sleeps. */
import type { Claims } from "../core/device/account.ts";
import type { LinkSnapshot } from "../core/device/link/snapshot.ts";
import { lastHeard, SILENT_MS } from "../core/link/silence.ts";
import { ERRORS, type ErrorCode } from "../schema/errors.ts";
import { LIMITS } from "../schema/limits.ts";
import { closeReason, finish } from "./close.ts";
import { CONNECT_HEADERS } from "./interfaces/rpc.ts";
import { links } from "./links.ts";

export class DeviceSocket {
  readonly #ctx: DurableObjectState;
  readonly #name: string;
  #socket: WebSocket | null = null;
  #helloTimer: number | null = null;
  /** When a frame came last, as far as this object remembers; the heartbeat does not wake it. */
  #heardAt = 0;

  /** @param name of the device's object */
  constructor(ctx: DurableObjectState, name: string) {
    this.#ctx = ctx;
    this.#name = name;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  is(socket: WebSocket): boolean {
    return socket === this.#socket;
  }

  /** Begins a link, in place of any other. */
  accept(server: WebSocket): void {
    for (const older of this.#ctx.getWebSockets()) {
      close(older, "replaced", "");
      older.serializeAttachment(null);
    }
    this.#ctx.acceptWebSocket(server);
    this.#socket = server;
    this.#heardAt = 0;
    links.add(this.#name);
  }

  /**
   * Takes up the link of a socket that was there before the object slept.
   *
   * @param session of the last link
   * @returns null for a socket that was given up already, or that a newer one has replaced
   */
  takeUp(socket: WebSocket, session: string | null): LinkSnapshot | null {
    const snapshot = socket.deserializeAttachment() as LinkSnapshot | null;
    if (snapshot === null) return null;
    // Of an account that is not stored there is no other word than its socket's.
    const isCurrent =
      session === null ? snapshot.pending !== undefined : snapshot.session === session;
    if (!isCurrent) return null;
    this.#socket = socket;
    links.add(this.#name);
    return snapshot;
  }

  /** A frame has come on the current socket. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /**
   * Whether the current socket has no device any more. The runtime keeps the socket of a peer that vanished open for ever
   * (workerd#1187), and tells when it last answered a heartbeat: asked for only where memory does not know better.
   *
   * @param openedAt when the link opened
   * @returns when it was last heard of; null where it lives
   */
  silentSince(openedAt: number, now: number): number | null {
    if (this.#socket === null || Math.abs(now - this.#heardAt) < SILENT_MS) return null;
    const answered = this.#ctx.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime() ?? 0;
    this.#heardAt = lastHeard([this.#heardAt, answered, openedAt], now);
    return now - this.#heardAt < SILENT_MS ? null : this.#heardAt;
  }

  /** A timer keeps the object from hibernating: it goes when a snapshot says that there was a Hello, or with the link. */
  expectHello(onLate: () => void): void {
    this.#callOffHello();
    this.#helloTimer = setTimeout(onLate, LIMITS.HELLO_TIMEOUT_MS);
  }

  send(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  save(snapshot: LinkSnapshot): void {
    this.#socket?.serializeAttachment(snapshot);
    if (snapshot.ready) this.#callOffHello();
  }

  close(code: ErrorCode, detail: string): void {
    if (this.#socket === null) return;
    close(this.#socket, code, detail);
    // The core has counted this link as lost: its close event must not make it so again.
    this.#socket.serializeAttachment(null);
  }

  /** There is no link any more. */
  drop(): void {
    this.#socket = null;
    links.delete(this.#name);
    this.#callOffHello();
  }

  /** Not called for nothing: `clearTimeout` alone was 2 % of what broadcasts took (measured). */
  #callOffHello(): void {
    if (this.#helloTimer === null) return;
    clearTimeout(this.#helloTimer);
    this.#helloTimer = null;
  }
}

/** What the edge verified before it let a connect request through. */
export function claimsOf(headers: Headers): Claims {
  return {
    generation: Number(headers.get(CONNECT_HEADERS.generation)),
    publicKey: headers.get(CONNECT_HEADERS.publicKey) ?? "",
    tokenId: headers.get(CONNECT_HEADERS.tokenId) ?? "",
    tokenExpires: Number(headers.get(CONNECT_HEADERS.tokenExpires)),
  };
}

/** Closes it with the number and the reason of an error. */
export function close(socket: WebSocket, code: ErrorCode, detail: string): void {
  const number = ERRORS[code].close;
  if (number === null) throw new Error(`${code} closes no link`);
  finish(socket, number, closeReason(code, detail));
}
