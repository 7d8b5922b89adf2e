/**
 * Tokens of operators' credentials: random, and authenticated, so that a guess is refused without a call to any object. They begin like
 * this so that scanners for leaked secrets know them: `pmop_`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { Keyring } from "./keyring.ts";
import { equalBytes, shortMac } from "./mac.ts";

const PREFIX = "pmop_";
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const SECRET_AT = 1 + ID_BYTES;
const MAC_AT = SECRET_AT + SECRET_BYTES;
const MAC_BYTES = 16;
/** 57 bytes in base64url. */
const TOKEN_CHARS = PREFIX.length + 76;

/** Random bytes for a new token. */
export const OPERATOR_TOKEN_RANDOM_BYTES = ID_BYTES + SECRET_BYTES;

interface OperatorToken {
  readonly credentialId: string;
  /** SHA-256 of the token: all that is stored of it. */
  readonly hash: Uint8Array;
}

const utf8 = new TextEncoder();

/** @param random `OPERATOR_TOKEN_RANDOM_BYTES` bytes */
export function sealOperatorToken(
  keyring: Keyring,
  random: Uint8Array,
): OperatorToken & { readonly token: string } {
  const bytes = new Uint8Array(MAC_AT + MAC_BYTES);
  bytes[0] = keyring.newest.kid;
  bytes.set(random, 1);
  // So that no ID starts with "-" like an option of a command.
  bytes[1] = (bytes[1] ?? 0) & 0x7f;
  const mac = shortMac(keyring.newest.subkey("operator"), bytes.subarray(0, MAC_AT), MAC_BYTES);
  bytes.set(mac, MAC_AT);
  const token = PREFIX + toBase64Url(bytes);
  return { token, ...partsOf(token, bytes) };
}

/** Undefined for any text that this mesh did not issue with one of its present keys. */
export function openOperatorToken(keyring: Keyring, token: string): OperatorToken | undefined {
  if (token.length !== TOKEN_CHARS || !token.startsWith(PREFIX)) return undefined;
  const bytes = fromBase64Url(token.slice(PREFIX.length));
  const kid = bytes?.[0];
  const key = kid === undefined ? undefined : keyring.byKid(kid);
  if (bytes === undefined || key === undefined) return undefined;
  const mac = shortMac(key.subkey("operator"), bytes.subarray(0, MAC_AT), MAC_BYTES);
  return equalBytes(mac, bytes.subarray(MAC_AT)) ? partsOf(token, bytes) : undefined;
}

const partsOf = (token: string, bytes: Uint8Array): OperatorToken => ({
  credentialId: toBase64Url(bytes.subarray(1, SECRET_AT)),
  hash: sha256(utf8.encode(token)),
});
