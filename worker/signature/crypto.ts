/** The port by which a host computes digests and verifies signatures, both for every send. */
import { ed25519Jwk } from "../../objects/live/live-key.ts";
import type { SigningAlgorithm } from "../../schema/http/enums.ts";

export type DigestAlgorithm = "SHA-256" | "SHA-512";

/** Verifies a signature by one key. A signature of a wrong length is false, not an error. */
export type VerifySignature = (
  data: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Signs data with one key. */
export type Sign = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export interface EdgeCrypto {
  digest(algorithm: DigestAlgorithm, data: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Prepares a key. @throws if the material is not a key of the algorithm */
  verifier(
    algorithm: SigningAlgorithm,
    material: Uint8Array,
  ): VerifySignature | Promise<VerifySignature>;
  /** Prepares an Ed25519 key pair for signing; raw, 32 bytes each. */
  signer(key: { readonly seed: Uint8Array; readonly publicKey: Uint8Array }): Sign | Promise<Sign>;
}

const KEYS = {
  "hmac-sha256": { algorithm: { name: "HMAC", hash: "SHA-256" }, signatureBytes: 32 },
  ed25519: { algorithm: { name: "Ed25519" }, signatureBytes: 64 },
} as const;

/** The DOM's types require memory that is not shared, which the types of Workers do not express; the edge never shares any. */
const unshared = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

/** Web Crypto. workerd computes synchronously and returns a resolved promise. */
export const webCrypto: EdgeCrypto = {
  async digest(algorithm, data) {
    return new Uint8Array(await crypto.subtle.digest(algorithm, unshared(data)));
  },

  /** @throws DOMException if the material is not a key of the algorithm */
  async verifier(name, material) {
    const { algorithm, signatureBytes } = KEYS[name];
    // A copy, because bytes from RPC may be a view of a larger buffer.
    const raw = Uint8Array.from(material);
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    return async (data, signature) => {
      // workerd throws for an Ed25519 signature of another length; the specification says false.
      if (signature.length !== signatureBytes) return false;
      return await crypto.subtle.verify(algorithm.name, key, unshared(signature), unshared(data));
    };
  },

  async signer(pair) {
    const key = await crypto.subtle.importKey("jwk", ed25519Jwk(pair), { name: "Ed25519" }, false, [
      "sign",
    ]);
    return async (data) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, unshared(data)));
  },
};
