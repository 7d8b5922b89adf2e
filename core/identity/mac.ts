/** Truncated keyed hashes, and their comparison. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** The first `bytes` bytes of HMAC-SHA-256 (RFC 2104 §5 allows truncation). */
export function shortMac(key: Uint8Array, data: Uint8Array, bytes: number): Uint8Array {
  return hmac(sha256, key, data).slice(0, bytes);
}

/** Whether two byte strings are equal, in a time that does not depend on where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
