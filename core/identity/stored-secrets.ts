/**
 * Secrets that objects store, sealed with the mesh keys by AES-SIV (RFC 5297): who steals the database alone can sign nothing. The name of
 * the row is associated data, so that the sealed secret of one row opens in no other. No nonce is needed, because secrets are random.
 */
import { aessiv } from "@noble/ciphers/aes.js";
import type { Keyring, MeshKey } from "./keyring.ts";

/** An HMAC secret, or the seed of an Ed25519 key: only a secret from before they were sealed is stored with this length. */
export const SECRET_BYTES = 32;
/** Key ID, synthetic IV, which is also the authentication tag, and the secret. */
const SEALED_BYTES = 1 + 16 + SECRET_BYTES;

const utf8 = new TextEncoder();

/** A secret was sealed with a mesh key that is missing, or was altered. */
export class SealedSecretError extends Error {}

export interface OpenedSecret {
  readonly secret: Uint8Array;
  /** Whether it was stored in the clear, or sealed with a key that is older than the newest: it should be sealed again. */
  readonly isStale: boolean;
}

/** The secrets of one object. */
export class StoredSecrets {
  readonly #keyring: Keyring;
  readonly #owner: string;

  /** @param owner name of the object, without NUL */
  constructor(keyring: Keyring, owner: string) {
    this.#keyring = keyring;
    this.#owner = owner;
  }

  /** @param row what tells the secrets of this object apart */
  seal(row: string, secret: Uint8Array): Uint8Array {
    const { newest } = this.#keyring;
    const sealed = new Uint8Array(SEALED_BYTES);
    sealed[0] = newest.kid;
    sealed.set(this.#cipher(newest, row).encrypt(secret), 1);
    return sealed;
  }

  /** Null for bytes that this mesh did not seal for this row with one of its present keys. */
  open(row: string, stored: Uint8Array): OpenedSecret | null {
    if (stored.length === SECRET_BYTES) return { secret: stored, isStale: true };
    const [kid] = stored;
    const key = kid === undefined ? undefined : this.#keyring.byKid(kid);
    if (key === undefined || stored.length !== SEALED_BYTES) return null;
    try {
      const secret = this.#cipher(key, row).decrypt(stored.slice(1));
      return { secret, isStale: this.#isOlder(key) };
    } catch {
      // The only remaining error is a wrong authentication tag.
      return null;
    }
  }

  /** A key in front of the newest one is only accepted here yet: another process, which is ahead in a rotation, seals with it. */
  #isOlder(key: MeshKey): boolean {
    const { all, newest } = this.#keyring;
    return all.indexOf(key) > all.indexOf(newest);
  }

  #cipher(key: MeshKey, row: string) {
    const name = utf8.encode(`${this.#owner}\0${row}`);
    return aessiv(key.subkey("storedSecret"), Uint8Array.of(key.kid), name);
  }
}
