/** A WebSocket client (RFC 6455) for whole, unextended messages: a thousand of them fit into one cheap process. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Address } from "./http.ts";

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING_FRAME = 9;
const PONG_FRAME = 10;
const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** A payload length of 126 says that two bytes of length follow, 127 that eight do. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8]);

export interface WebSocketEvents {
  onBinary(bytes: Uint8Array): void;
  onText(text: string): void;
  /** Not called after `close()`. */
  onClose(reason: string): void;
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const extra = payload.length < LENGTH_16 ? 0 : 2;
  const bytes = Buffer.alloc(2 + extra + MASK_BYTES + payload.length);
  bytes[0] = FINAL | opcode;
  bytes[1] = MASKED | (extra === 0 ? payload.length : LENGTH_16);
  if (extra === 2) bytes.writeUInt16BE(payload.length, 2);
  // The mask stays zero, and so the payload as it is: no proxy that it would protect is in between.
  bytes.set(payload, 2 + extra + MASK_BYTES);
  return bytes;
}

const PING = frame(TEXT, Buffer.from("ping"));

export class WebSocketClient {
  readonly #socket: Socket;
  readonly #events: WebSocketEvents;
  #received: Buffer = Buffer.alloc(0);
  #upgraded: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #closed = false;

  private constructor(socket: Socket, events: WebSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", (error) => this.#lose(error.message));
    socket.on("close", () => this.#lose("the connection closed"));
  }

  /** @throws Error where the server does not answer 101. */
  static async open(
    { host, port }: Address,
    path: string,
    protocols: readonly string[],
    events: WebSocketEvents,
  ): Promise<WebSocketClient> {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    const client = new WebSocketClient(socket, events);
    const offered =
      protocols.length === 0 ? "" : `sec-websocket-protocol: ${protocols.join(", ")}\r\n`;
    const upgraded = new Promise<void>((resolve, reject) => {
      client.#upgraded = { resolve, reject };
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\n${offered}` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
    await upgraded;
    return client;
  }

  send(payload: Uint8Array): void {
    this.#socket.write(frame(BINARY, payload));
  }

  /** The heartbeat: text, as a browser would have to send it. */
  ping(): void {
    this.#socket.write(PING);
  }

  close(): void {
    this.#closed = true;
    this.#socket.end(frame(CLOSE, NORMAL_CLOSURE));
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (this.#upgraded !== null && !this.#readUpgrade()) return;
    while (this.#readFrame());
  }

  #readUpgrade(): boolean {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#received.toString("latin1", 0, end);
    this.#received = this.#received.subarray(end + 4);
    const waiting = this.#upgraded;
    this.#upgraded = null;
    if (head.startsWith("HTTP/1.1 101")) waiting?.resolve();
    else waiting?.reject(new Error(`no upgrade: ${head}`));
    return true;
  }

  /** Reads one frame; servers do not mask, and these do not fragment. */
  #readFrame(): boolean {
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const short = bytes.readUInt8(1);
    const header = short === LENGTH_16 ? 4 : short === LENGTH_64 ? 10 : 2;
    if (bytes.length < header) return false;
    const length =
      header === 4
        ? bytes.readUInt16BE(2)
        : header === 10
          ? Number(bytes.readBigUInt64BE(2))
          : short;
    const end = header + length;
    if (bytes.length < end) return false;
    const payload = bytes.subarray(header, end);
    this.#received = bytes.subarray(end);
    const opcode = bytes.readUInt8(0) & 0x0f;
    if (opcode === BINARY) this.#events.onBinary(payload);
    else if (opcode === TEXT) this.#events.onText(payload.toString());
    else if (opcode === PING_FRAME) this.#socket.write(frame(PONG_FRAME, payload));
    else if (opcode === CLOSE) this.#lose(closeReason(payload));
    return true;
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#upgraded?.reject(new Error(reason));
    this.#upgraded = null;
    this.#events.onClose(reason);
    this.#socket.destroy();
  }
}

function closeReason(payload: Buffer): string {
  return payload.length < 2
    ? "closed"
    : `${payload.readUInt16BE(0)} ${payload.toString("utf8", 2)}`;
}
