/**
 * The recipient of HPKE (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Synchronous, because a device's
 * handlers are; it takes part in the agreement on a key, not in messages.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  concat,
  HPKE_SUITE,
  KEM_SUITE,
  LINK_KEY_BYTES,
  labeledIkm,
  labeledInfo,
  type Piece,
} from "../../schema/hpke.ts";
import { NONCE_BYTES } from "../../schema/sealed.ts";

export interface HpkeKeys {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** @param privateKey 32 uniformly random bytes */
export const hpkeKeysOf = (privateKey: Uint8Array): HpkeKeys => ({
  privateKey,
  publicKey: x25519.getPublicKey(privateKey),
});

/** What a sender and this recipient have agreed on. */
export interface HpkeContext {
  /** Opens the first message of the context; null if it is not one. */
  openFirst(aad: Uint8Array, sealed: Uint8Array): Uint8Array | null;
  /** A secret that only the two of them have. */
  export(context: Piece, bytes: number): Uint8Array;
}

const labeledExtract = (
  suite: string,
  salt: Uint8Array | undefined,
  label: string,
  ikm: Piece,
): Uint8Array => extract(sha256, labeledIkm(suite, label, ikm), salt);

const labeledExpand = (
  suite: string,
  prk: Uint8Array,
  label: string,
  info: Piece,
  bytes: number,
): Uint8Array => expand(sha256, prk, labeledInfo(suite, label, info, bytes), bytes);

/** @returns null if `enc` is not the public key of a sender */
export function hpkeRecipient(
  enc: Uint8Array,
  { privateKey, publicKey }: HpkeKeys,
  info: Piece,
): HpkeContext | null {
  if (enc.length !== LINK_KEY_BYTES) return null;
  let dh: Uint8Array;
  try {
    dh = x25519.getSharedSecret(privateKey, enc);
  } catch {
    // A point of small order, whose secret would be all zero (§7.1.4).
    return null;
  }
  const prk = labeledExtract(KEM_SUITE, undefined, "eae_prk", dh);
  const both = concat(enc, publicKey);
  const shared = labeledExpand(KEM_SUITE, prk, "shared_secret", both, LINK_KEY_BYTES);
  return scheduled(shared, info);
}

/** KeySchedule (§5.1) in base mode: without a pre-shared key. */
function scheduled(shared: Uint8Array, info: Piece): HpkeContext {
  const context = concat(
    Uint8Array.of(0),
    labeledExtract(HPKE_SUITE, undefined, "psk_id_hash", ""),
    labeledExtract(HPKE_SUITE, undefined, "info_hash", info),
  );
  const secret = labeledExtract(HPKE_SUITE, shared, "secret", "");
  return {
    openFirst(aad, sealed) {
      const key = labeledExpand(HPKE_SUITE, secret, "key", context, LINK_KEY_BYTES);
      const nonce = labeledExpand(HPKE_SUITE, secret, "base_nonce", context, NONCE_BYTES);
      try {
        return gcm(key, nonce, aad).decrypt(sealed);
      } catch {
        // It is too short, or its tag is wrong.
        return null;
      }
    },
    export(exporterContext, bytes) {
      const exporter = labeledExpand(HPKE_SUITE, secret, "exp", context, LINK_KEY_BYTES);
      return labeledExpand(HPKE_SUITE, exporter, "sec", exporterContext, bytes);
    },
  };
}
