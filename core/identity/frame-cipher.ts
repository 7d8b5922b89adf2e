/** Seals frames with one key: AES-256-GCM with random nonces. */
import { gcm } from "@noble/ciphers/aes.js";
import { briefBytes } from "../../schema/codec/writer.ts";
import { NONCE_BYTES } from "../../schema/sealed.ts";

export interface FrameCipher {
  /** @returns the nonce, the ciphertext and the tag, in `briefBytes` */
  seal(context: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @returns null for what was not sealed with this key and context */
  open(context: Uint8Array, body: Uint8Array): Uint8Array | null;
}

/** A host may have a faster one than `portableCipher`. @param key 32 bytes */
export type MakeCipher = (key: Uint8Array) => FrameCipher;

/** @param randomBytes of the host */
export const portableCipher =
  (randomBytes: (count: number) => Uint8Array): MakeCipher =>
  (key) => ({
    seal(context, plaintext) {
      const nonce = randomBytes(NONCE_BYTES);
      const ciphertext = gcm(key, nonce, context).encrypt(plaintext);
      const body = briefBytes(NONCE_BYTES + ciphertext.length);
      body.set(nonce);
      body.set(ciphertext, NONCE_BYTES);
      return body;
    },
    open(context, body) {
      const nonce = body.subarray(0, NONCE_BYTES);
      try {
        return gcm(key, nonce, context).decrypt(body.subarray(NONCE_BYTES));
      } catch {
        // It is too short, or its tag is wrong.
        return null;
      }
    },
  });
