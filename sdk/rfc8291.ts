/**
 * Message Encryption for Web Push (RFC 8291): one record of aes128gcm (RFC 8188), its keys agreed by ECDH on P-256. By Web Crypto, which every
 * runtime of the SDKs has.
 */
import {
  AUTH_BYTES,
  HEADER_BYTES,
  OVERHEAD_BYTES,
  PUBLIC_KEY_BYTES,
  SALT_BYTES,
} from "../schema/encrypted.ts";
import type { NativeCrypto, NativeCryptoKey } from "./crypto-types.ts";

type Subtle = NativeCrypto["subtle"];
type Bytes = Uint8Array<ArrayBuffer>;

/** The receiver's public key, uncompressed, and its authentication secret. */
export interface ReceiverKey {
  readonly publicKey: Bytes;
  readonly auth: Bytes;
}

export const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
/** Ends the plaintext of the last record; zeros of padding may follow. */
const LAST_RECORD = 2;
/** Of the header: at least the plaintext of any message with its delimiter and tag. */
const RECORD_BYTES = 4_096;
/** A record holds a delimiter and a tag (RFC 8188, section 2). */
const RECORD_BYTES_MIN = 18;

const utf8 = new TextEncoder();
const info = (text: string): Bytes => utf8.encode(`${text}\0`) as Bytes;
const KEY_INFO = info("WebPush: info");
const CONTENT_INFO = info("Content-Encoding: aes128gcm");
const NONCE_INFO = info("Content-Encoding: nonce");

/** Joins bytes, in memory of its own. */
export function concat(...parts: readonly ArrayLike<number>[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @throws the error of Web Crypto for bytes that are no point of the curve */
const importPublic = (subtle: Subtle, raw: Bytes): Promise<NativeCryptoKey> =>
  subtle.importKey("raw", raw, CURVE, true, []);

async function hkdf(subtle: Subtle, secret: Bytes, salt: Bytes, info: Bytes, bytes: number) {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await subtle.deriveBits(algorithm, key, bytes * 8));
}

interface Agreement {
  readonly privateKey: NativeCryptoKey;
  /** Of the other side. */
  readonly peer: Bytes;
  readonly receiver: ReceiverKey;
  /** The sender's public key. */
  readonly sender: Bytes;
  readonly salt: Bytes;
}

/** The content key, and the nonce of the one record. */
async function agree(
  subtle: Subtle,
  { privateKey, peer, receiver, sender, salt }: Agreement,
  usage: "encrypt" | "decrypt",
) {
  const peerKey = await importPublic(subtle, peer);
  // Not in place: the types of Workers have another name for `public`, which their runtime takes as well.
  const exchange = { name: "ECDH", public: peerKey };
  const shared = await subtle.deriveBits(exchange, privateKey, 256);
  const keyInfo = concat(KEY_INFO, receiver.publicKey, sender);
  const secret = await hkdf(subtle, new Uint8Array(shared), receiver.auth, keyInfo, 32);
  const [contentKey, iv] = await Promise.all([
    hkdf(subtle, secret, salt, CONTENT_INFO, 16),
    hkdf(subtle, secret, salt, NONCE_INFO, 12),
  ]);
  const key = await subtle.importKey("raw", contentKey, "AES-GCM", false, [usage]);
  return { key, algorithm: { name: "AES-GCM", iv } };
}

/**
 * Encrypts to a receiver.
 *
 * @param sender a key pair for this message alone, with its raw public key
 * @param salt 16 bytes, for this message alone
 * @throws the error of Web Crypto if the receiver's public key is no point of the curve
 */
export async function encrypt(
  subtle: Subtle,
  receiver: ReceiverKey,
  plaintext: Uint8Array,
  sender: { readonly privateKey: NativeCryptoKey; readonly publicKey: Bytes },
  salt: Bytes,
): Promise<Bytes> {
  const { privateKey, publicKey } = sender;
  const agreement = { privateKey, peer: receiver.publicKey, receiver, sender: publicKey, salt };
  const { key, algorithm } = await agree(subtle, agreement, "encrypt");
  const record = concat(plaintext, Uint8Array.of(LAST_RECORD));
  const sealed = await subtle.encrypt(algorithm, key, record);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, RECORD_BYTES);
  return concat(salt, size, Uint8Array.of(PUBLIC_KEY_BYTES), publicKey, new Uint8Array(sealed));
}

/**
 * Decrypts a body with one key.
 *
 * @param privateKey of the receiver
 * @throws Error if it is malformed, altered, or encrypted to another key
 */
export async function decrypt(
  subtle: Subtle,
  receiver: ReceiverKey,
  privateKey: NativeCryptoKey,
  body: Uint8Array,
): Promise<Uint8Array> {
  const malformed = (what: string) => new Error(`Not a body of RFC 8291: ${what}.`);
  if (body.length < OVERHEAD_BYTES || body[SALT_BYTES + 4] !== PUBLIC_KEY_BYTES)
    throw malformed("its header is another one");
  const own = body.slice() as Bytes;
  const size = new DataView(own.buffer).getUint32(SALT_BYTES);
  const sealed = own.subarray(HEADER_BYTES);
  if (size < RECORD_BYTES_MIN || sealed.length > size) throw malformed("it is not one record");
  const salt = own.subarray(0, SALT_BYTES);
  const sender = own.subarray(SALT_BYTES + 5, HEADER_BYTES);
  const agreement = { privateKey, peer: sender, receiver, sender, salt };
  const { key, algorithm } = await agree(subtle, agreement, "decrypt");
  const record = new Uint8Array(await subtle.decrypt(algorithm, key, sealed));
  let end = record.length - 1;
  while (end >= 0 && record[end] === 0) end--;
  if (record[end] !== LAST_RECORD) throw malformed("its last record has no end");
  return record.subarray(0, end);
}

/** A new authentication secret. */
export const newAuth = (crypto: Pick<NativeCrypto, "getRandomValues">): Bytes =>
  crypto.getRandomValues(new Uint8Array(AUTH_BYTES));
