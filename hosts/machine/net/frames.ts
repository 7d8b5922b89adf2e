/** RFC 6455 frames: reads those of a client, bounded before they are kept, and writes those of a server. */

const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
const RESERVED_BITS = 0x70;
const MASKED = 0x80;
/** RFC 6455 §5.5. */
const CONTROL_BYTES = 125;
const MASK_BYTES = 4;
const NOTHING = new Uint8Array();

/** `protocol`: the client broke a rule of RFC 6455. `too_large`: a message is over the bound. */
export type Fault =
  | { readonly kind: "protocol"; readonly detail: string }
  | { readonly kind: "too_large"; readonly bytes: number };

export interface FrameHandler {
  /** Called for each frame before its payload is read. @returns false to stop reading */
  frame(isMessage: boolean): boolean;
  /** Whether frames that have arrived have to wait for `resume`. */
  readonly isHeld: boolean;
  /** Called for each complete message. The handler owns the bytes. */
  message(bytes: Uint8Array<ArrayBuffer>, isText: boolean): void;
  pinged(payload: Uint8Array<ArrayBuffer>): void;
  /** @param code null if the frame has none */
  closed(code: number | null): void;
  fault(fault: Fault): void;
  /** Called behind each frame, once what is in it was told. @param bytes in which it is, from `start` to `end` */
  taken?(bytes: Uint8Array, start: number, end: number): void;
}

/** The head of a frame. */
interface Head {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly length: number;
  /** Position of the payload. */
  readonly at: number;
}

export class FrameReader {
  readonly #maxBytes: number;
  readonly #handler: FrameHandler;
  /** The start of an incomplete frame, or frames that wait. */
  #rest: Uint8Array = NOTHING;
  /** Whether the handler was told of the frame in `#rest`. */
  #isAnnounced = false;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #partsBytes = 0;
  /** Opcode of the message being read; null between messages. */
  #opcode: number | null = null;
  #isOver = false;

  /** @param maxBytes bound of a message, all its fragments together */
  constructor(maxBytes: number, handler: FrameHandler) {
    this.#maxBytes = maxBytes;
    this.#handler = handler;
  }

  /** Whether the last frame is complete. */
  get isBetween(): boolean {
    return this.#rest.length === 0;
  }

  /** Reads bytes, and copies what it keeps of them. */
  push(chunk: Uint8Array): void {
    if (!this.#isOver) this.#read(this.#rest.length === 0 ? chunk : joined([this.#rest, chunk]));
  }

  /** Reads the frames that had to wait. */
  resume(): void {
    if (!this.#isOver) this.#read(this.#rest);
  }

  #read(bytes: Uint8Array): void {
    let at = 0;
    while (!this.#isOver && !this.#handler.isHeld) {
      const head = this.#head(bytes, at);
      if (head === null || this.#isOver) break;
      if (!this.#isAnnounced) {
        const isMessage = head.isFinal && (head.opcode === TEXT || head.opcode === BINARY);
        if (!this.#handler.frame(isMessage)) {
          this.#isOver = true;
          break;
        }
        this.#isAnnounced = true;
      }
      const end = head.at + head.length;
      if (bytes.length < end) break;
      this.#isAnnounced = false;
      this.#take(head, unmasked(bytes, head.at, end));
      this.#handler.taken?.(bytes, at, end);
      at = end;
    }
    // What is left is an incomplete frame, whose length is bounded, or waits: then its owner reads no more from the connection.
    this.#rest = this.#isOver || at === bytes.length ? NOTHING : new Uint8Array(bytes.subarray(at));
  }

  /** @returns null if it is incomplete or wrong */
  #head(bytes: Uint8Array, at: number): Head | null {
    const first = bytes[at];
    const second = bytes[at + 1];
    if (first === undefined || second === undefined) return null;
    const opcode = first & 0xf;
    const isFinal = (first & FINAL) !== 0;
    const short = second & 0x7f;
    if ((first & RESERVED_BITS) !== 0) return this.#wrong("a reserved bit is set");
    if ((second & MASKED) === 0) return this.#wrong("a frame is not masked");
    const wrong = this.#wrongOpcode(opcode, isFinal, short);
    if (wrong !== null) return this.#wrong(wrong);
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const payloadAt = at + 2 + lengthBytes + MASK_BYTES;
    if (bytes.length < payloadAt) return null;
    let length = short;
    if (lengthBytes > 0) {
      length = 0;
      // Inexact above 2^53, which is far over any bound.
      for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
    }
    const total = opcode >= CLOSE ? 0 : this.#partsBytes + length;
    if (total > this.#maxBytes) {
      this.#fail({ kind: "too_large", bytes: total });
      return null;
    }
    return { opcode, isFinal, length, at: payloadAt };
  }

  #wrongOpcode(opcode: number, isFinal: boolean, short: number): string | null {
    if (opcode >= CLOSE) {
      if (opcode > PONG) return "an opcode is unknown";
      return isFinal && short <= CONTROL_BYTES ? null : "a control frame is too long";
    }
    if (opcode > BINARY) return "an opcode is unknown";
    const continues = opcode === CONTINUATION;
    if (continues === (this.#opcode !== null)) return null;
    return continues ? "a fragment continues nothing" : "a message begins within another";
  }

  #take({ opcode, isFinal }: Head, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === PING) this.#handler.pinged(payload);
    else if (opcode === CLOSE) this.#takeClose(payload);
    else if (opcode !== PONG) this.#takePart(opcode, isFinal, payload);
  }

  #takePart(opcode: number, isFinal: boolean, payload: Uint8Array<ArrayBuffer>): void {
    const kind = this.#opcode ?? opcode;
    if (isFinal && this.#parts.length === 0) {
      this.#opcode = null;
      this.#handler.message(payload, kind === TEXT);
      return;
    }
    this.#opcode = kind;
    this.#parts.push(payload);
    this.#partsBytes += payload.length;
    if (!isFinal) return;
    const whole = joined(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
    this.#opcode = null;
    this.#handler.message(whole, kind === TEXT);
  }

  #takeClose(payload: Uint8Array): void {
    const [high, low] = payload;
    this.#isOver = true;
    if (high === undefined) {
      this.#handler.closed(null);
      return;
    }
    const code = low === undefined ? 0 : high * 256 + low;
    if (isCloseCode(code)) this.#handler.closed(code);
    else this.#handler.fault({ kind: "protocol", detail: "a close code that may not be sent" });
  }

  #wrong(detail: string): null {
    this.#fail({ kind: "protocol", detail });
    return null;
  }

  #fail(fault: Fault): void {
    this.#isOver = true;
    this.#handler.fault(fault);
  }
}

/** RFC 6455 §7.4. */
const isCloseCode = (code: number): boolean =>
  (code >= 3_000 && code < 5_000) ||
  (code >= 1_000 && code <= 1_014 && code !== 1_004 && code !== 1_005 && code !== 1_006);

/** A copy of the payload, unmasked by the four bytes before it: a word at a time, which takes a quarter of the time of bytes. */
function unmasked(bytes: Uint8Array, at: number, end: number): Uint8Array<ArrayBuffer> {
  // Not `slice`, which of a Buffer is a view on memory that others use.
  const payload = new Uint8Array(bytes.subarray(at, end));
  const mask = new Uint8Array(bytes.subarray(at - MASK_BYTES, at));
  const words = new Uint32Array(payload.buffer, 0, payload.length >>> 2);
  // In the order of this machine's bytes, on both sides.
  const word = new Uint32Array(mask.buffer)[0] as number;
  if (word === 0) return payload;
  for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) ^ word;
  for (let i = words.length << 2; i < payload.length; i++) {
    payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
  }
  return payload;
}

/** Concatenates parts. @param bytes their total length */
export function joined(
  parts: readonly Uint8Array[],
  bytes: number = parts.reduce((sum, part) => sum + part.length, 0),
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function frame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = new Uint8Array(head + length);
  bytes[0] = FINAL | opcode;
  if (head === 2) bytes[1] = length;
  else {
    bytes[1] = head === 4 ? 126 : 127;
    const view = new DataView(bytes.buffer);
    if (head === 4) view.setUint16(2, length);
    else view.setBigUint64(2, BigInt(length));
  }
  bytes.set(payload, head);
  return bytes;
}

const utf8 = new TextEncoder();

/** Frames of a server: unfragmented, and not masked. */
export const frames = {
  binary: (payload: Uint8Array) => frame(BINARY, payload),
  text: (text: string) => frame(TEXT, utf8.encode(text)),
  ping: () => frame(PING, NOTHING),
  pong: (payload: Uint8Array) => frame(PONG, payload),
  close(code: number, reason: string): Uint8Array<ArrayBuffer> {
    const text = utf8.encode(reason);
    const payload = new Uint8Array(2 + text.length);
    new DataView(payload.buffer).setUint16(0, code);
    payload.set(text, 2);
    return frame(CLOSE, payload);
  },
};
