/**
 * The mesh's side of the keys with which apps and the mesh seal frames for each other. Each mesh key has a pair of its own, so that a
 * mesh key that is dropped takes with it what was agreed on with it.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { KeySetup } from "../../schema/generated/link.ts";
import { concat, EPOCH_CONTEXT, LINK_KEY_BYTES, linkInfo } from "../../schema/hpke.ts";
import { type Direction, PROOF_BYTES, PROOF_INFO } from "../../schema/sealed.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { MakeCipher } from "./frame-cipher.ts";
import { type HpkeContext, type HpkeKeys, hpkeKeysOf, hpkeRecipient } from "./hpke.ts";
import type { Keyring, MeshKey } from "./keyring.ts";
import { type OpenedSecret, SECRET_BYTES, StoredSecrets } from "./stored-secrets.ts";

const utf8 = new TextEncoder();
const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NOTHING = new Uint8Array();

const pairs = new WeakMap<MeshKey, HpkeKeys>();

function pairOf(key: MeshKey): HpkeKeys {
  const known = pairs.get(key);
  if (known !== undefined) return known;
  const made = hpkeKeysOf(key.subkey("linkKey"));
  pairs.set(key, made);
  return made;
}

/** Those of all keys of the mesh; first the one to use. */
export function publicLinkKeys({ newest, all }: Keyring) {
  const others = all.filter((key) => key !== newest);
  return [newest, ...others].map((key) => ({ kid: key.kid, publicKey: pairOf(key).publicKey }));
}

/** What a setup has agreed on. */
export interface AgreedKey {
  /** Of its epoch: 32 bytes. */
  readonly secret: Uint8Array;
  /** The grant that was sealed with it; null if it was not. */
  openGrant(sealed: Uint8Array): string | null;
}

/** @returns null for a setup that is not one, or was made for a key that the mesh does not have */
export function agreedKey(
  keyring: Keyring,
  { kid, enc }: Pick<KeySetup, "kid" | "enc">,
  appId: string,
): AgreedKey | null {
  const key = keyring.byKid(kid);
  if (key === undefined) return null;
  const context = hpkeRecipient(enc, pairOf(key), linkInfo(appId));
  if (context === null) return null;
  return {
    secret: context.export(EPOCH_CONTEXT, LINK_KEY_BYTES),
    openGrant: (sealed) => textIn(context, sealed),
  };
}

function textIn(context: HpkeContext, sealed: Uint8Array): string | null {
  const opened = context.openFirst(NOTHING, sealed);
  try {
    return opened === null ? null : fatal.decode(opened);
  } catch {
    return null;
  }
}

/** The AES-256-GCM key of a direction. */
export const directionKey = (secret: Uint8Array, direction: Direction): Uint8Array =>
  hkdf(sha256, secret, undefined, utf8.encode(direction), LINK_KEY_BYTES);

/** `Registration.proof`. */
export function registrationProof(secret: Uint8Array, identity: string, regId: string): Uint8Array {
  const key = hkdf(sha256, secret, undefined, utf8.encode(PROOF_INFO), LINK_KEY_BYTES);
  return hmac(sha256, key, concat(identity, "\0", regId)).slice(0, PROOF_BYTES);
}

/** What one device needs of the mesh's keys to agree on keys and to keep them. */
export class LinkKeys {
  readonly makeCipher: MakeCipher;
  readonly keyring: Keyring;
  readonly #stored: StoredSecrets;

  /** @param name of the device's object */
  constructor(keyring: Keyring, name: string, makeCipher: MakeCipher) {
    this.keyring = keyring;
    this.#stored = new StoredSecrets(keyring, name);
    this.makeCipher = makeCipher;
  }

  /** Whether the mesh has the key of a setup. */
  has(kid: number): boolean {
    return this.keyring.byKid(kid) !== undefined;
  }

  /** As `agreedKey`. */
  agree(setup: Pick<KeySetup, "kid" | "enc">, appId: string): AgreedKey | null {
    return agreedKey(this.keyring, setup, appId);
  }

  /** The secret of an epoch as it is stored. @param row what tells the secrets of this device apart */
  store(row: string, secret: Uint8Array): string {
    return toBase64Url(this.#stored.seal(row, secret));
  }

  /** Null if this mesh did not store it for this row with one of its present keys. */
  restore(row: string, stored: string): OpenedSecret | null {
    const bytes = fromBase64Url(stored);
    // One of that length counts as a secret from before they were sealed, which no secret of an epoch is.
    if (bytes === undefined || bytes.length === SECRET_BYTES) return null;
    return this.#stored.open(row, bytes);
  }
}
