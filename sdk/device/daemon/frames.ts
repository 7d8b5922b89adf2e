/**
 * Messages of a port as bytes of a stream: four bytes of length, most significant first, then JSON in UTF-8. Bytes in a message
 * are `{"~": base64}`, which no message is by itself. JSON, because every runtime reads it, also when bytes are hostile.
 */
import { Buffer } from "node:buffer";

const HEAD_BYTES = 4;
/** First size of the buffer: most messages fit. */
const BUFFER_BYTES = 4_096;
/** Depth of the deepest message: `granted` with the bytes of a setup. A text of brackets would exhaust the stack. */
const DEPTH_MAX = 8;
const BYTES = "~";

const encodeValue = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value).toString("base64") };
  if (value instanceof Error) return String(value);
  if (Array.isArray(value)) return value.map(encodeValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, encodeValue(each)]));
};

function decodeValue(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new RangeError("a message is too deep");
  if (Array.isArray(value)) return value.map((each) => decodeValue(each, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [[name, text] = []] = entries;
  // A copy: small Buffers share their memory.
  if (entries.length === 1 && name === BYTES && typeof text === "string")
    return new Uint8Array(Buffer.from(text, "base64"));
  return Object.fromEntries(entries.map(([key, each]) => [key, decodeValue(each, depth + 1)]));
}

/** One message as a frame. */
export function encodeFrame(message: object): Uint8Array {
  const text = JSON.stringify(encodeValue(message));
  const length = Buffer.byteLength(text);
  const frame = Buffer.alloc(HEAD_BYTES + length);
  frame.writeUInt32BE(length);
  frame.write(text, HEAD_BYTES);
  return frame;
}

/** Takes a stream apart. Allocates only for bytes that have arrived. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #received: (message: unknown, bytes: number) => void;
  #buffer = Buffer.alloc(BUFFER_BYTES);
  #used = 0;
  /** Messages so far. */
  count = 0;

  /** @param maxBytes of a message without its head */
  constructor(maxBytes: number, received: (message: unknown, bytes: number) => void) {
    this.#maxBytes = maxBytes;
    this.#received = received;
  }

  /** @throws RangeError, SyntaxError if the bytes are no frame: what follows cannot be read either */
  push(chunk: Uint8Array): void {
    this.#append(chunk);
    let at = 0;
    while (this.#used - at >= HEAD_BYTES) {
      const length = this.#buffer.readUInt32BE(at);
      if (length > this.#maxBytes) throw new RangeError(`a message of ${length} bytes`);
      const end = at + HEAD_BYTES + length;
      if (end > this.#used) break;
      const text = this.#buffer.toString("utf8", at + HEAD_BYTES, end);
      at = end;
      this.count++;
      this.#received(decodeValue(JSON.parse(text)), length);
    }
    this.#buffer.copy(this.#buffer, 0, at, this.#used);
    this.#used -= at;
  }

  /** Whether a message has begun and not ended. */
  get isPartial(): boolean {
    return this.#used > 0;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#used + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#used);
    this.#used = needed;
  }
}
