/** How a host computes digests and verifies signatures: two calls with every send. */
import type { AppKey } from "../../objects/interfaces/rpc.ts";
import { ed25519Jwk } from "../../objects/live/live-key.ts";

export type DigestAlgorithm = "SHA-256" | "SHA-512";

/** Whether a signature is that of the data by one key. False, too, for a signature of a wrong length. */
export type VerifySignature = (
  data: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Makes the signature of some data by one key. */
export type Sign = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export interface EdgeCrypto {
  digest(algorithm: DigestAlgorithm, data: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Makes a key ready. @throws where the material is no key of the algorithm */
  verifier(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
  ): VerifySignature | Promise<VerifySignature>;
  /** Makes an Ed25519 pair ready for signing: raw, 32 bytes each. */
  signer(key: { readonly seed: Uint8Array; readonly publicKey: Uint8Array }): Sign | Promise<Sign>;
}

const KEYS = {
  "hmac-sha256": { algorithm: { name: "HMAC", hash: "SHA-256" }, signatureBytes: 32 },
  ed25519: { algorithm: { name: "Ed25519" }, signatureBytes: 64 },
} as const;

/** What this edge made itself is in no shared memory, which the DOM's types forbid and those of Workers do not tell. */
const unshared = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

/** Web Crypto: workerd computes both within the call, and only the answer is a promise. */
export const webCrypto: EdgeCrypto = {
  async digest(algorithm, data) {
    return new Uint8Array(await crypto.subtle.digest(algorithm, unshared(data)));
  },

  /** @throws DOMException where the material is no key of the algorithm */
  async verifier(name, material) {
    const { algorithm, signatureBytes } = KEYS[name];
    // A copy: what comes over RPC may be a view into a larger buffer.
    const raw = Uint8Array.from(material);
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    return async (data, signature) => {
      // workerd throws at an Ed25519 signature of another length, where the specification says false.
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
