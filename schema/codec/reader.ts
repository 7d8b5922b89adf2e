/**
 * Reads Thrift compact protocol. Functions over one small cursor rather than methods of a class:
 * a bundler drops those a program does not use and shortens the names of the rest.
 *
 * Every function throws `ThriftError` and nothing else, reads each byte at most once, and allocates
 * no more than a small multiple of the input.
 */
import { ThriftError } from "./error.ts";

/** A position in the bytes that are being decoded. */
export interface Reader {
  readonly bytes: Uint8Array;
  pos: number;
}

/** Wire types, as the low nibble of a field header and of a collection header. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
// A set, 10, has the wire format of a list.
const MAP = 11;
const STRUCT = 12;
const UUID = 13;

/** How deep unknown fields may nest, in structs and collections; our own IDL needs 3. */
export const SKIP_DEPTH = 32;

// ignoreBOM keeps a byte order mark: it is a character like any other.
const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads one struct that fills `bytes` exactly. */
export function decode<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader: Reader = { bytes, pos: 0 };
  const value = read(reader);
  if (reader.pos !== bytes.length) throw new ThriftError("trailing", reader.pos);
  return value;
}

const isAscii = (byte: number): boolean => byte < 0x80;

function readByte(reader: Reader): number {
  const byte = reader.bytes[reader.pos];
  if (byte === undefined) throw new ThriftError("truncated", reader.pos);
  reader.pos++;
  return byte;
}

/** Unsigned varint of at most 32 bits. */
function readVarint(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(reader);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  const last = readByte(reader);
  if (last > 0x7f) throw new ThriftError("overlong", reader.pos);
  if (last > 0x0f) throw new ThriftError("range", reader.pos);
  return (value | (last << 28)) >>> 0;
}

export function readI32(reader: Reader): number {
  const zigzag = readVarint(reader);
  return (zigzag >>> 1) ^ -(zigzag & 1);
}

export function readI16(reader: Reader): number {
  const value = readI32(reader);
  if (value !== (value << 16) >> 16) throw new ThriftError("range", reader.pos);
  return value;
}

/** An i64 within ±(2^53 − 1): beyond that, a JavaScript number is not exact. */
export function readI64(reader: Reader): number {
  let byte = readByte(reader);
  const negative = byte & 1;
  let value = (byte & 0x7f) >> 1;
  // Multiplied, not shifted: bit operations end at 32 bits. Rounded values are out of range below.
  for (let scale = 2 ** 6; byte > 0x7f; scale *= 2 ** 7) {
    if (scale > 2 ** 62) throw new ThriftError("overlong", reader.pos);
    byte = readByte(reader);
    value += (byte & 0x7f) * scale;
  }
  if (negative === 1) value = -1 - value;
  if (!Number.isSafeInteger(value)) throw new ThriftError("range", reader.pos);
  return value;
}

/** An element of a `list<bool>`: 1 is true; 2 is false, and so is 0, from older writers. */
export function readBool(reader: Reader): boolean {
  const byte = readByte(reader);
  if (byte > FALSE) throw new ThriftError("range", reader.pos);
  return byte === TRUE;
}

/** Bytes, as a view into the input: no copy; it holds the whole input in memory. */
export function readBinary(reader: Reader): Uint8Array {
  const length = readVarint(reader);
  const start = reader.pos;
  advance(reader, length);
  return reader.bytes.subarray(start, reader.pos);
}

/** Of names, keys and regIds: for these, the decoder takes longer than a loop. */
const BRIEF_BYTES = 128;

export function readString(reader: Reader): string {
  const bytes = readBinary(reader);
  if (bytes.length <= BRIEF_BYTES && bytes.every(isAscii))
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ThriftError("utf8", reader.pos);
  }
}

/** A list whose elements have wire type `type` and are read by `read`. */
export function readList<T>(reader: Reader, type: number, read: (reader: Reader) => T): T[] {
  const header = readByte(reader);
  const found = header & 0x0f;
  // Writers name the element type of list<bool> either way.
  if (found !== type && !(type === TRUE && found === FALSE)) {
    throw new ThriftError("type", reader.pos);
  }
  const values: T[] = [];
  for (let left = readCount(reader, header); left > 0; left--) values.push(read(reader));
  return values;
}

/**
 * The next field's header as `id << 4 | wire type`, or 0 at the end of the struct.
 *
 * @param last The header before it, 0 at the start: short headers say only the difference of the IDs.
 */
export function nextField(reader: Reader, last: number): number {
  const byte = readByte(reader);
  const type = byte & 0x0f;
  if (type === 0) return 0;
  const delta = byte >> 4;
  const id = delta === 0 ? readI16(reader) : (last >> 4) + delta;
  if (id > 0x7fff) throw new ThriftError("range", reader.pos);
  return (id << 4) | type;
}

/**
 * Skips a field that is not in our IDL, or whose wire type is not the one in our IDL.
 *
 * @param header The result of `nextField`.
 * @param known Bit `n` is set where field `n` is in our IDL: then its wire type is wrong.
 * @param depth How many unknown structs and collections enclose it.
 */
export function skipField(reader: Reader, header: number, known: number, depth = 0): void {
  const id = header >> 4;
  if (id > 0 && id < 32 && (known >> id) & 1) throw new ThriftError("type", reader.pos);
  const type = header & 0x0f;
  // A bool field has its value in the header; only in collections does it take a byte.
  if (type > FALSE) skipValue(reader, type, depth + 1);
}

function skipValue(reader: Reader, type: number, depth: number): void {
  if (depth > SKIP_DEPTH) throw new ThriftError("depth", reader.pos);
  if (type === STRUCT) {
    for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
      skipField(reader, header, 0, depth);
    }
  } else if (type >= LIST && type <= MAP) skipCollection(reader, type === MAP, depth);
  else if (type === BINARY) readBinary(reader);
  else if (type >= I16 && type <= I64) skipVarint(reader);
  else if (type > 0 && type <= BYTE) advance(reader, 1);
  else if (type === DOUBLE) advance(reader, 8);
  else if (type === UUID) advance(reader, 16);
  else throw new ThriftError("type", reader.pos);
}

function skipCollection(reader: Reader, map: boolean, depth: number): void {
  let count: number;
  // The types of keys and values, a nibble each. All elements have one type.
  let types = 0;
  if (map) {
    count = checkCount(reader, readVarint(reader)) * 2;
    if (count > 0) types = readByte(reader);
  } else {
    const header = readByte(reader);
    count = readCount(reader, header);
    types = (header & 0x0f) * 0x11;
  }
  for (let left = count; left > 0; left--) {
    skipValue(reader, left & 1 ? types & 0x0f : types >> 4, depth + 1);
  }
}

function skipVarint(reader: Reader): void {
  for (let length = 1; readByte(reader) > 0x7f; length++) {
    if (length === 10) throw new ThriftError("overlong", reader.pos);
  }
}

/** The size in a list's header: in its high nibble, or after the header if that is 15. */
function readCount(reader: Reader, header: number): number {
  const short = header >> 4;
  return checkCount(reader, short === 15 ? readVarint(reader) : short);
}

/** No value is shorter than a byte, so a collection cannot have more elements than there are bytes left. */
function checkCount(reader: Reader, count: number): number {
  if (count > reader.bytes.length - reader.pos) throw new ThriftError("count", reader.pos);
  return count;
}

function advance(reader: Reader, length: number): void {
  checkCount(reader, length);
  reader.pos += length;
}
