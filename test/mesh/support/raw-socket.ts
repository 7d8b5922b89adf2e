/**
 * A WebSocket client that may do what no library lets one do: send any bytes as any frame, break a frame off, stop
 * reading. It reads what a server may send: whole, unmasked frames.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const FINAL = 0x80;
const MASKED = 0x80;
/** Ends a wait in vain. */
const PATIENCE_MS = 60_000;

export type Received =
  | { readonly kind: "binary"; readonly bytes: Uint8Array }
  | { readonly kind: "text"; readonly text: string }
  /** 1006 where the connection ended without a close frame. */
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** A client's frame. The mask is all zeros, so the payload stands as it is. */
export function clientFrame(opcode: number, payload: Uint8Array, final = true): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = opcode | (final ? FINAL : 0);
  if (head.length === 2) head[1] = MASKED | length;
  else if (head.length === 4) {
    head[1] = MASKED | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = MASKED | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

export class RawSocket {
  /** HTTP status of the answer to the upgrade. */
  readonly status: number;
  readonly #socket: Socket;
  #unread: Buffer;
  readonly #received: Received[] = [];
  #arrived: () => void = () => {};

  private constructor(socket: Socket, status: number, rest: Buffer) {
    this.#socket = socket;
    this.status = status;
    this.#unread = rest;
    socket.on("data", (bytes) => {
      this.#unread = Buffer.concat([this.#unread, bytes]);
      this.#read();
    });
    socket.on("close", () => this.#take({ kind: "close", code: 1006, reason: "" }));
    this.#read();
  }

  /**
   * Asks for a WebSocket, at the path of the link where the URL has none, and offers these subprotocols with these further headers.
   *
   * @param early frames to send in one write with the request
   */
  static async open(
    url: string,
    protocols: readonly string[],
    headers: Readonly<Record<string, string>> = {},
    early: Uint8Array = Buffer.alloc(0),
  ): Promise<RawSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const path = pathname === "/" ? "/v1/connect" : pathname + search;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on("error", () => {}); // A reset is told by "close".
    await once(socket, "connect");
    const lines = Object.entries({
      host: `${hostname}:${port}`,
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      "sec-websocket-protocol": protocols.join(", "),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    socket.write(Buffer.concat([Buffer.from(head, "latin1"), early]));
    let answer = Buffer.alloc(0);
    while (!answer.includes("\r\n\r\n")) {
      const [bytes] = (await once(socket, "data")) as [Buffer];
      answer = Buffer.concat([answer, bytes]);
    }
    const end = answer.indexOf("\r\n\r\n") + 4;
    const status = Number(answer.toString("latin1", 9, 12));
    return new RawSocket(socket, status, answer.subarray(end));
  }

  binary(payload: Uint8Array): void {
    this.#socket.write(clientFrame(BINARY, payload));
  }

  text(payload: string | Uint8Array): void {
    this.#socket.write(clientFrame(TEXT, Buffer.from(payload)));
  }

  /** One message in two frames. */
  halves(payload: Uint8Array): void {
    const middle = payload.length >> 1;
    this.#socket.write(clientFrame(BINARY, payload.subarray(0, middle), false));
    this.#socket.write(clientFrame(CONTINUATION, payload.subarray(middle)));
  }

  /** Any bytes at all. Resolves when the system took them. */
  bytes(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next message or the close. */
  async next(): Promise<Received> {
    for (;;) {
      const first = this.#received.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("nothing was received")), PATIENCE_MS);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The close, whatever comes before it. */
  async close(): Promise<{ readonly code: number; readonly reason: string }> {
    for (;;) {
      const received = await this.next();
      if (received.kind === "close") return { code: received.code, reason: received.reason };
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(received: Received): void {
    this.#received.push(received);
    this.#arrived();
  }

  #read(): void {
    while (this.#unread.length >= 2) {
      const short = this.#unread.readUInt8(1);
      const head = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (this.#unread.length < head) return;
      const length =
        head === 2
          ? short
          : head === 4
            ? this.#unread.readUInt16BE(2)
            : Number(this.#unread.readBigUInt64BE(2));
      if (this.#unread.length < head + length) return;
      const opcode = this.#unread.readUInt8(0) & 0xf;
      const payload = this.#unread.subarray(head, head + length);
      this.#unread = this.#unread.subarray(head + length);
      if (opcode === BINARY) this.#take({ kind: "binary", bytes: payload });
      else if (opcode === TEXT) this.#take({ kind: "text", text: payload.toString() });
      else if (opcode === CLOSE) {
        const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        this.#take({ kind: "close", code, reason: payload.toString("utf8", 2) });
        this.#socket.end();
      }
    }
  }
}
