/**
 * The form of end-to-end encrypted data: a mark, then a body of RFC 8188 (aes128gcm) as RFC 8291 has it, with the sender's public key
 * as the key ID of its header. docs/protocol.md describes it.
 */

/**
 * The first byte of encrypted data on the link, whose content type is JSON: no UTF-8 has it, so that a device without decryption drops
 * the message as malformed. A content type of its own would be out of range for its codec, and end its link at each attempt.
 */
export const ENCRYPTED_MARK = 0xff;

/** P-256, uncompressed. */
export const PUBLIC_KEY_BYTES = 65;
export const AUTH_BYTES = 16;
export const SALT_BYTES = 16;
/** Salt, record size (4), length of the key ID (1), key ID. */
export const HEADER_BYTES = SALT_BYTES + 4 + 1 + PUBLIC_KEY_BYTES;
/** What the body has besides the plaintext, without padding: the header, a delimiter and the tag of AES-GCM. */
export const OVERHEAD_BYTES = HEADER_BYTES + 1 + 16;

/** Whether these can be a key and its secret: the length, and the first byte of an uncompressed point. */
export const isPublishable = (publicKey: Uint8Array, auth: Uint8Array): boolean =>
  publicKey.length === PUBLIC_KEY_BYTES && publicKey[0] === 4 && auth.length === AUTH_BYTES;

/** Whether these bytes begin like a body of RFC 8291 and are long enough for one. */
export const isEncryptedBody = (body: Uint8Array): boolean =>
  body.length >= OVERHEAD_BYTES &&
  body[SALT_BYTES + 4] === PUBLIC_KEY_BYTES &&
  body[SALT_BYTES + 5] === 4;
