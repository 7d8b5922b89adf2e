/** One TCP connection of an attacker: writes any bytes, waits for what comes back, and never throws for what the mesh does to it. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Address } from "../../../bench/client/http.ts";
import {
  CHANNEL_LINK,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  type LinkDown,
  type PushDown,
} from "../../../schema/generated/link.ts";
import { clientFrame } from "../../mesh/support/raw-socket.ts";

export const BINARY = 2;
const CLOSE = 8;
const HEAD_END = "\r\n\r\n";
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames of a server in these bytes. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const short = rest.readUInt8(1);
    const head = short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2;
    if (rest.length < head) break;
    const long = head === 10 ? Number(rest.readBigUInt64BE(2)) : 0;
    const length = head === 2 ? short : head === 4 ? rest.readUInt16BE(2) : long;
    if (rest.length < head + length) break;
    frames.push({ opcode: rest.readUInt8(0) & 0xf, payload: rest.subarray(head, head + length) });
    rest = rest.subarray(head + length);
  }
  return frames;
}

/** What a frame of the mesh is, on the channels of the link and of push; null for others. */
export function readFrame({ opcode, payload }: Frame): LinkDown | PushDown | null {
  if (opcode !== BINARY) return null;
  const { channel, body } = decodeEnvelope(payload);
  if (channel === CHANNEL_LINK) return decodeLinkDown(body);
  return channel === 1 ? decodePushDown(body) : null;
}

/** Text of an upgrade. */
export const upgrade = (path: string, headers: Readonly<Record<string, string>>): string =>
  Object.entries({
    host: "mesh",
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    ...headers,
  }).reduce((head, [name, value]) => `${head}${name}: ${value}\r\n`, `GET ${path} HTTP/1.1\r\n`) +
  "\r\n";

/** Text of a request with a body. */
export const request = (
  method: string,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): string =>
  `${Object.entries({
    host: "mesh",
    "content-type": "application/json",
    "content-length": `${Buffer.byteLength(body)}`,
    ...headers,
  }).reduce(
    (head, [name, value]) => `${head}${name}: ${value}\r\n`,
    `${method} ${path} HTTP/1.1\r\n`,
  )}\r\n${body}`;

export class Wire {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#changed();
    });
    const end = (): void => {
      this.#ended = true;
      this.#changed();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  /** @returns null if the connection was refused or reset. */
  static async open({ host, port }: Address, bytes?: string | Buffer): Promise<Wire | null> {
    const socket = connect({ host, port, noDelay: true });
    const wire = new Wire(socket);
    const failed = new Promise<false>((resolve) => socket.on("error", () => resolve(false)));
    const isOpen = await Promise.race([once(socket, "connect").then(() => true), failed]).catch(
      () => false,
    );
    if (!isOpen) return null;
    if (bytes !== undefined) wire.write(bytes);
    return wire;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get received(): Buffer {
    return this.#received;
  }

  write(bytes: string | Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  frame(payload: Uint8Array, opcode = BINARY): void {
    this.write(clientFrame(opcode, payload));
  }

  pause(): void {
    this.#socket.pause();
  }

  /** Resolves when `done` holds of what has come, when the connection has ended, or after `withinMs`. */
  async until(done: (received: Buffer) => boolean, withinMs: number): Promise<Buffer> {
    const end = Date.now() + withinMs;
    while (!this.#ended && !done(this.#received)) {
      const left = end - Date.now();
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#received;
  }

  /** The frames after the head of the answer to an upgrade. */
  get frames(): Frame[] {
    const end = this.#received.indexOf(HEAD_END);
    return end < 0 ? [] : framesIn(this.#received.subarray(end + HEAD_END.length));
  }

  /** Resolves with a whole answer, with the end, or after `withinMs`. */
  async answer(withinMs: number): Promise<void> {
    await this.until(isWhole, withinMs);
  }

  /** Forgets what has come, before the next request on the same connection. */
  drop(): void {
    this.#received = Buffer.alloc(0);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Whether an answer to a request is whole: its head, and as much as its length says. */
function isWhole(received: Buffer): boolean {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.toString("latin1", 0, end))?.[1];
  return length === undefined || received.length >= end + HEAD_END.length + Number(length);
}

/**
 * What came of an attempt, as the error table has it: status and code of an answer, or code of the close; `cut` where the connection
 * ended without a word, and `nothing` where the mesh did not answer.
 */
export function outcomeOf(wire: Wire | null): string {
  if (wire === null) return "not let in";
  const text = wire.received.toString("latin1", 0, 4_096);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return wire.ended ? "cut" : "nothing";
  if (status !== "101") return `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ""}`.trimEnd();
  const close = wire.frames.find(({ opcode }) => opcode === CLOSE);
  if (close !== undefined)
    return `closed ${close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0)}`;
  return wire.ended ? "cut" : "link";
}
