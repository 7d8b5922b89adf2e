/** The device's key pair and identifiers: made once, kept in the storage. */
import { toBase64Url } from "../../../schema/text.ts";
import { DEVICE_IDENTIFIERS } from "../constants.ts";
import { PushError, storageError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Storage } from "../storage/storage.ts";

/** Storage keys. A storage without CryptoKeys holds PKCS #8, from which the public half follows. */
const KEY_PAIR = "device/key";
const RANDOM_ID = "device/id";

export interface DeviceKeys {
  readonly privateKey: CryptoKey;
  /** Raw public key, 32 bytes in base64url: the JWK's `x`. */
  readonly publicX: string;
}

/** Reads the key pair, or makes and stores one. Throws `storage_failed` or `crypto_unsupported`. */
export async function loadKeys(host: Host, storage: Storage): Promise<DeviceKeys> {
  const { subtle } = host.crypto;
  const stored = await storage.get(KEY_PAIR).catch((cause: unknown) => {
    throw storageError("read the device's key", cause);
  });
  if (stored instanceof Uint8Array) return fromPkcs8(subtle, stored);
  if (stored !== undefined && typeof stored !== "string") return fromPair(subtle, stored);

  // An extractable key only where the storage cannot hold the key itself.
  const pair = await subtle
    .generateKey("Ed25519", !storage.keepsKeys, ["sign", "verify"])
    .catch((cause: unknown) => {
      throw new PushError({
        code: "crypto_unsupported",
        message: "This host's Web Crypto has no Ed25519 (browsers need https or localhost).",
        retry: "never",
        cause,
      });
    });
  const keys = await fromPair(subtle, pair as CryptoKeyPair);
  const value = storage.keepsKeys
    ? (pair as CryptoKeyPair)
    : new Uint8Array(await subtle.exportKey("pkcs8", keys.privateKey));
  await storage.set(KEY_PAIR, value).catch((cause: unknown) => {
    throw storageError("keep the device's key", cause);
  });
  return keys;
}

async function fromPair(subtle: SubtleCrypto, pair: CryptoKeyPair): Promise<DeviceKeys> {
  const { x } = await subtle.exportKey("jwk", pair.publicKey);
  return { privateKey: pair.privateKey, publicX: x ?? "" };
}

async function fromPkcs8(subtle: SubtleCrypto, bytes: Uint8Array): Promise<DeviceKeys> {
  const pkcs8 = new Uint8Array(bytes);
  const key = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await subtle.exportKey("jwk", key);
  return { privateKey: key, publicX: x ?? "" };
}

/**
 * The hashes that name this device to the mesh: of the app's stable identifiers, or 32 random bytes kept in the
 * storage. In base64url, sorted, no two alike.
 */
export async function loadIdentifiers(
  host: Host,
  storage: Storage,
  identifiers: readonly string[],
): Promise<readonly string[]> {
  const { subtle } = host.crypto;
  if (identifiers.length > DEVICE_IDENTIFIERS || identifiers.includes("")) {
    throw new PushError({
      code: "option_invalid",
      message: `identifiers: at most ${DEVICE_IDENTIFIERS} non-empty strings; got ${identifiers.length}.`,
      retry: "never",
    });
  }
  if (identifiers.length === 0) return [await loadRandomId(host, storage)];
  const hashes = await Promise.all(
    [...new Set(identifiers)].map(async (identifier) => {
      const hash = await subtle.digest("SHA-256", new TextEncoder().encode(identifier));
      return toBase64Url(new Uint8Array(hash));
    }),
  );
  return hashes.sort();
}

async function loadRandomId(host: Host, storage: Storage): Promise<string> {
  try {
    const stored = await storage.get(RANDOM_ID);
    if (typeof stored === "string") return stored;
    const fresh = toBase64Url(host.crypto.getRandomValues(new Uint8Array(32)));
    await storage.set(RANDOM_ID, fresh);
    return fresh;
  } catch (cause) {
    throw storageError("keep the device's identifier", cause);
  }
}
