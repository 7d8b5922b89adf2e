/** Text forms of bytes and of message IDs, for the mesh and the SDKs. */

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64 = `${ALPHANUMERIC}+/`;
const BASE64URL = `${ALPHANUMERIC}-_`;
const BASE32HEX = "0123456789abcdefghijklmnopqrstuv";

/** The value of each ASCII character as a digit; -1 if it is not a digit. */
function valuesOf(digits: string): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value;
  return values;
}

// Pure, so that bundlers drop them from the device SDK, which does not use them and must stay small.
const BASE64_VALUES = /* @__PURE__ */ valuesOf(BASE64);
const BASE64URL_VALUES = /* @__PURE__ */ valuesOf(BASE64URL);
const BASE32HEX_VALUES = /* @__PURE__ */ valuesOf(BASE32HEX);

function toDigits(bytes: Uint8Array, digits: string, bitsPerDigit: number): string {
  const mask = (1 << bitsPerDigit) - 1;
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (let at = 0; at < bytes.length; at++) {
    buffer = ((buffer << 8) | (bytes[at] ?? 0)) & 0xffff;
    bits += 8;
    while (bits >= bitsPerDigit) {
      bits -= bitsPerDigit;
      text += digits.charAt((buffer >> bits) & mask);
    }
  }
  if (bits > 0) text += digits.charAt((buffer << (bitsPerDigit - bits)) & mask);
  return text;
}

/** Undefined if the text is not canonical: an invalid character, a wrong length, or set padding bits. */
function fromDigits(text: string, values: Int8Array, bitsPerDigit: number): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * bitsPerDigit) / 8));
  let buffer = 0;
  let bits = 0;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = values[text.charCodeAt(at)] ?? -1;
    if (digit < 0) return undefined;
    buffer = ((buffer << bitsPerDigit) | digit) & 0xffff;
    bits += bitsPerDigit;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (buffer >> bits) & 0xff;
    }
  }
  // One text per value: two spellings of one regId would be two entries in a table.
  if (bits >= bitsPerDigit || (buffer & ((1 << bits) - 1)) !== 0) return undefined;
  return bytes;
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return toDigits(bytes, BASE64URL, 6);
}

/** Reads unpadded base64url; undefined if the text is not the canonical form of any bytes. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  return fromDigits(text, BASE64URL_VALUES, 6);
}

/** Base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  const text = toDigits(bytes, BASE64, 6);
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Reads padded base64 (RFC 4648 §4); undefined if the text is not the canonical form of any bytes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return fromDigits(padding === 0 ? text : text.slice(0, -padding), BASE64_VALUES, 6);
}

/** Bytes of a sequence number in a message ID: seq stays under 2^53. */
const SEQ_BYTES = 7;
/** Bytes of `Message.key`. */
export const KEY_BYTES = 9;

/** The parts of a message ID. */
export interface MessageIdParts {
  readonly seq: number;
  readonly key: Uint8Array;
  readonly regId: string;
}

/**
 * The public message ID: `<26 characters>.<regId>`, sortable by time (docs/protocol.md, section 6).
 *
 * @example formatMessageId({ seq: 1, key: new Uint8Array(9), regId: "r" }) // "000000000004…0.r"
 */
export const formatMessageId = ({ seq, key, regId }: MessageIdParts): string =>
  messageIdOf(messageIdBytes({ seq, key }), regId);

/** The 16 bytes of a message ID: of SendResult.id. */
export function messageIdBytes({ seq, key }: Omit<MessageIdParts, "regId">): Uint8Array {
  const bytes = new Uint8Array(SEQ_BYTES + KEY_BYTES);
  let rest = seq;
  for (let i = SEQ_BYTES - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(key, SEQ_BYTES);
  return bytes;
}

/** The message ID with these 16 bytes. */
export const messageIdOf = (bytes: Uint8Array, regId: string): string =>
  `${toDigits(bytes, BASE32HEX, 5)}.${regId}`;

/** Parses a message ID; undefined if it is malformed. Does not check the regId in it. */
export function parseMessageId(id: string): MessageIdParts | undefined {
  const dot = id.indexOf(".");
  if (dot !== 26) return undefined;
  const bytes = fromDigits(id.slice(0, dot), BASE32HEX_VALUES, 5);
  if (bytes === undefined) return undefined;
  let seq = 0;
  for (const byte of bytes.subarray(0, SEQ_BYTES)) seq = seq * 256 + byte;
  if (!Number.isSafeInteger(seq)) return undefined;
  return { seq, key: bytes.slice(SEQ_BYTES), regId: id.slice(dot + 1) };
}
