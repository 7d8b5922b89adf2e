/**
 * Writes Thrift compact protocol, byte for byte as the Apache libraries do. Functions over one
 * growing buffer that is reused for each frame; see reader.ts for why they are not methods.
 */
import { ThriftError } from "./error.ts";

/** Bytes written so far: `bytes` up to `length`. */
export interface Writer {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** First size of the buffer: most frames are smaller. */
const FIRST_BYTES = 1_024;
/** A larger buffer is not kept: one large frame must not hold memory forever. */
const KEPT_BYTES = 131_072;
/** The longest varint: 64 bits, 7 per byte. */
const VARINT_BYTES = 10;

const utf8 = /* @__PURE__ */ new TextEncoder();

/** The writer for the next frame. Taken while in use, so that encoding inside a getter is safe too. */
let idle: Writer | undefined;

/** Writes one struct. @returns the bytes in the writer's buffer, which the next call overwrites */
function written<T>(value: T, write: (writer: Writer, value: T) => void): Uint8Array<ArrayBuffer> {
  const writer = idle ?? { bytes: new Uint8Array(FIRST_BYTES), length: 0 };
  idle = undefined;
  writer.length = 0;
  write(writer, value);
  if (writer.bytes.length <= KEPT_BYTES) idle = writer;
  return writer.bytes.subarray(0, writer.length);
}

/** Writes one struct into new bytes. */
export const encode = <T>(
  value: T,
  write: (writer: Writer, value: T) => void,
): Uint8Array<ArrayBuffer> => written(value, write).slice();

/** As `encode`, into `briefBytes`. */
export function encodeBriefly<T>(
  value: T,
  write: (writer: Writer, value: T) => void,
): Uint8Array<ArrayBuffer> {
  const bytes = written(value, write);
  const brief = briefBytes(bytes.length);
  brief.set(bytes);
  return brief;
}

/** `briefBytes` come from one array of this size after the other. */
const SHARED_BYTES = 16_384;

let shared = /* @__PURE__ */ new Uint8Array(0);
let sharedAt = 0;

/**
 * Bytes for what is copied at once, as a frame is into its envelope: parts of an array, because one of its own costs 0.5 µs and its
 * collection. Nobody else gets them, but if you keep them, you keep the array.
 */
export function briefBytes(count: number): Uint8Array<ArrayBuffer> {
  if (count > SHARED_BYTES / 4) return new Uint8Array(count);
  if (sharedAt + count > shared.length) {
    shared = new Uint8Array(SHARED_BYTES);
    sharedAt = 0;
  }
  const from = sharedAt;
  sharedAt += count;
  return shared.subarray(from, sharedAt);
}

/** Makes room for `count` more bytes and returns the buffer. */
function reserve(writer: Writer, count: number): Uint8Array {
  const needed = writer.length + count;
  if (needed > writer.bytes.length) {
    const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
    grown.set(writer.bytes.subarray(0, writer.length));
    writer.bytes = grown;
  }
  return writer.bytes;
}

export function writeByte(writer: Writer, byte: number): void {
  reserve(writer, 1)[writer.length++] = byte;
}

/** Unsigned varint of at most 32 bits; `value` is read as unsigned. */
function writeVarint(writer: Writer, value: number): void {
  const bytes = reserve(writer, VARINT_BYTES);
  let rest = value;
  while (rest >>> 0 > 0x7f) {
    bytes[writer.length++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[writer.length++] = rest;
}

/** @throws ThriftError `range` if the value is not a 32-bit integer. */
export function writeI32(writer: Writer, value: number): void {
  if (value !== (value | 0)) throw new ThriftError("range", `i32 ${value}`);
  writeVarint(writer, (value << 1) ^ (value >> 31));
}

/** @throws ThriftError `range` if the value is not a 16-bit integer. */
export function writeI16(writer: Writer, value: number): void {
  if (value !== (value << 16) >> 16) throw new ThriftError("range", `i16 ${value}`);
  writeI32(writer, value);
}

/** @throws ThriftError `range` if the value is not an integer within ±(2^53 − 1). */
export function writeI64(writer: Writer, value: number): void {
  if (!Number.isSafeInteger(value)) throw new ThriftError("range", `i64 ${value}`);
  const bytes = reserve(writer, VARINT_BYTES);
  // Zigzag doubles the value, which a number cannot hold near 2^53, so the sign joins the first six bits.
  const magnitude = value < 0 ? -1 - value : value;
  let low = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0);
  let rest = Math.floor(magnitude / 64);
  while (rest > 0) {
    bytes[writer.length++] = low | 0x80;
    low = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes[writer.length++] = low;
}

/** An element of a `list<bool>`. */
export function writeBool(writer: Writer, value: boolean): void {
  writeByte(writer, value ? 1 : 2);
}

export function writeBinary(writer: Writer, value: Uint8Array): void {
  writeVarint(writer, value.length);
  reserve(writer, value.length).set(value, writer.length);
  writer.length += value.length;
}

/**
 * UTF-8; a surrogate without its other half becomes U+FFFD, as in the Encoding standard.
 *
 * @throws ThriftError `type` if the value is not a string: the encoder would take an array of one name for the name.
 */
export function writeString(writer: Writer, value: string): void {
  if (typeof value !== "string") throw new ThriftError("type", typeof value);
  if (value.length > BRIEF_CHARS || !writeAscii(writer, value))
    writeBinary(writer, utf8.encode(value));
}

/** Of names, keys and regIds: for these, the encoder takes longer than a loop. */
const BRIEF_CHARS = 128;

/** @returns false, and nothing is written, if a character is not ASCII */
function writeAscii(writer: Writer, value: string): boolean {
  const { length } = value;
  const { length: start } = writer;
  writeVarint(writer, length);
  const bytes = reserve(writer, length);
  const from = writer.length;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) {
      writer.length = start;
      return false;
    }
    bytes[from + i] = code;
  }
  writer.length = from + length;
  return true;
}

/** A list whose elements have wire type `type` and are written by `write`. */
export function writeList<T>(
  writer: Writer,
  type: number,
  values: readonly T[],
  write: (writer: Writer, value: T) => void,
): void {
  if (values.length < 15) writeByte(writer, (values.length << 4) | type);
  else {
    writeByte(writer, 0xf0 | type);
    writeVarint(writer, values.length);
  }
  for (const value of values) write(writer, value);
}

/**
 * Writes a field header, in the short form if the IDs are at most 15 apart. Returns `id`.
 *
 * @param last ID of the field written before it in this struct, 0 for none; smaller than `id`.
 */
export function writeField(writer: Writer, last: number, id: number, type: number): number {
  const delta = id - last;
  if (delta < 16) writeByte(writer, (delta << 4) | type);
  else {
    writeByte(writer, type);
    writeI16(writer, id);
  }
  return id;
}
