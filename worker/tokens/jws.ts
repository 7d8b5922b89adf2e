/**
 * Verifies JSON Web Signatures (RFC 7515) as devices make them: compact, Ed25519 (RFC 8037).
 *
 * Not jose, because every connect verifies one: jose accepts only Web Crypto keys, which costs 170 µs per link on Deno, where
 * `node:crypto` takes 56. A test checks that both give the same verdicts.
 */
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import { type Jws, JwsError } from "../../core/identity/jws.ts";
import type { EdgeCrypto } from "../signature/crypto.ts";

/** @throws JwsError if another key signed it, or the key is not valid */
export async function verifyJws(jws: Jws, publicKey: Uint8Array, by: EdgeCrypto): Promise<void> {
  if (isSmallOrder(publicKey)) throw new JwsError("the key is of small order, and proves nothing");
  let verify: Awaited<ReturnType<EdgeCrypto["verifier"]>>;
  try {
    verify = await by.verifier("ed25519", publicKey);
  } catch (cause) {
    // 32 bytes that are not a point on the curve.
    throw new JwsError("the key is not Ed25519", { cause });
  }
  if (!(await verify(jws.signed, jws.signature))) {
    throw new JwsError("signature verification failed");
  }
}
