/**
 * The form of end-to-end encrypted data: a mark, then a body of RFC 8188 (aes128gcm) as RFC 8291 has it, with the sender's public key
 * as the key ID of its header. docs/protocol.md describes it.
 */

/**
 * The first byte of encrypted data on the link, whose content type is JSON: no UTF-8 has it, so that a device without decryption drops
 * the message as malformed. A content type of its own would be out of range for its codec, and end its link at each attempt.
 */
export const ENCRYPTED_MARK = 0xff;

/**
 * The first byte of a plaintext with a notification: its length (two bytes, big-endian), its JSON, and then the form of the data, a content
 * type, and the data. Without a notification, the form of the data comes first.
 */
export const NOTIFICATION_FORM = 4;

/** P-256, uncompressed. */
export const PUBLIC_KEY_BYTES = 65;
export const AUTH_BYTES = 16;
export const SALT_BYTES = 16;
/** Salt, record size (4), length of the key ID (1), key ID. */
export const HEADER_BYTES = SALT_BYTES + 4 + 1 + PUBLIC_KEY_BYTES;
/** What the body has besides the plaintext, without padding: the header, a delimiter and the tag of AES-GCM. */
export const OVERHEAD_BYTES = HEADER_BYTES + 1 + 16;

/** Where the length of the key ID is in a body: always PUBLIC_KEY_BYTES, so that the data leaves it out to make room for the mark. */
const ID_LENGTH_AT = SALT_BYTES + 4;

/** The data of a message on the link, as long as the body. */
export function dataOfBody(body: Uint8Array): Uint8Array {
  const data = body.slice();
  data[0] = ENCRYPTED_MARK;
  data.set(body.subarray(0, ID_LENGTH_AT), 1);
  return data;
}

/** @returns undefined for data that is not encrypted */
export function bodyOfData(data: Uint8Array): Uint8Array | undefined {
  if (data[0] !== ENCRYPTED_MARK || data.length <= ID_LENGTH_AT) return undefined;
  const body = data.slice();
  body.set(data.subarray(1, ID_LENGTH_AT + 1));
  body[ID_LENGTH_AT] = PUBLIC_KEY_BYTES;
  return body;
}

/** Whether these can be a key and its secret: the length, and the first byte of an uncompressed point. */
export const isPublishable = (publicKey: Uint8Array, auth: Uint8Array): boolean =>
  publicKey.length === PUBLIC_KEY_BYTES && publicKey[0] === 4 && auth.length === AUTH_BYTES;

/** Whether these bytes begin like a body of RFC 8291 and are long enough for one. */
export const isEncryptedBody = (body: Uint8Array): boolean =>
  body.length >= OVERHEAD_BYTES &&
  body[ID_LENGTH_AT] === PUBLIC_KEY_BYTES &&
  body[ID_LENGTH_AT + 1] === 4;
