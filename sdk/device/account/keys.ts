/** The device's key pair and identifiers: created once and kept in the storage. */
import { toBase64Url } from "../../../schema/text.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { GuardedStorage, Stored } from "../storage/storage.ts";

/** Storage key of the key pair: the pair itself, or the private key as the text of a JWK if the storage cannot hold keys. */
const KEY_PAIR = "device/key";
/** Storage key of the random identifier, in base64url. */
const RANDOM_ID = "device/id";

export interface DeviceKeys {
  readonly privateKey: CryptoKey;
  /** Raw public key, 32 bytes in base64url: the JWK's `x`. */
  readonly publicX: string;
}

/** Reads the key pair, or creates and stores one. Throws `storage_failed` or `crypto_unsupported`. */
export async function loadKeys(host: Host, storage: GuardedStorage): Promise<DeviceKeys> {
  const { subtle } = host.crypto;
  const { keepsKeys } = storage;
  const stored = await storage.get(KEY_PAIR);
  if (stored !== undefined) return fromStored(subtle, stored);
  try {
    // The key is only extractable if the storage cannot hold the key itself.
    const pair = await subtle.generateKey("Ed25519", !keepsKeys, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new TypeError("no key pair");
    const value = keepsKeys ? pair : JSON.stringify(await subtle.exportKey("jwk", pair.privateKey));
    // Another start may have been faster: both continue with what is stored.
    return await fromStored(subtle, await storage.add(KEY_PAIR, value));
  } catch (cause) {
    if (cause instanceof PushError) throw cause;
    const message = "No Ed25519 in Web Crypto; browsers need https.";
    throw new PushError({ code: "crypto_unsupported", message, retry: "never", cause });
  }
}

const fromStored = (subtle: SubtleCrypto, stored: Stored): Promise<DeviceKeys> =>
  typeof stored === "string" ? fromJwk(subtle, JSON.parse(stored)) : fromPair(subtle, stored);

async function fromPair(subtle: SubtleCrypto, pair: CryptoKeyPair): Promise<DeviceKeys> {
  const { x = "" } = await subtle.exportKey("jwk", pair.publicKey);
  return { privateKey: pair.privateKey, publicX: x };
}

async function fromJwk(subtle: SubtleCrypto, jwk: JsonWebKey): Promise<DeviceKeys> {
  const privateKey = await subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
  return { privateKey, publicX: jwk.x ?? "" };
}

/**
 * The hashes that identify this device to the mesh: those of the app's stable identifiers, or 32 random bytes kept in the
 * storage. In base64url, sorted, without duplicates.
 */
export async function loadIdentifiers(
  host: Host,
  storage: GuardedStorage,
  identifiers: readonly string[],
): Promise<readonly string[]> {
  const { subtle } = host.crypto;
  if (identifiers.length === 0) return [await loadSecret(host, storage, RANDOM_ID)];
  const hashes = await Promise.all(
    [...new Set(identifiers)].map(async (identifier) => {
      const hash = await subtle.digest("SHA-256", new TextEncoder().encode(identifier));
      return toBase64Url(new Uint8Array(hash));
    }),
  );
  return hashes.sort();
}

/** Where a client keeps what its ports prove their app with. */
export const secretKeyOf = (appId: string): string => `app/${appId}/port`;

/** 32 random bytes in base64url, made once and kept under `key`. Rejects with `storage_failed`. */
export async function loadSecret(
  { crypto }: Pick<Host, "crypto">,
  storage: GuardedStorage,
  key: string,
): Promise<string> {
  const random = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  return String((await storage.get(key)) ?? (await storage.add(key, random())));
}
