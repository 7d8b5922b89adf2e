/**
 * Credentials: the mesh's statement, kept by the device, that a key is bound to a device and generation. With it the edge verifies a
 * connect token without a call to the device's object.
 */
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { DEVICE_ID_BYTES } from "./device-id.ts";
import type { Keyring } from "./keyring.ts";
import { equalBytes, shortMac } from "./mac.ts";

/** The contents of a credential. */
interface CredentialParts {
  /** 16 bytes. */
  readonly deviceId: Uint8Array;
  /** 1 to 2^32 − 1. */
  readonly generation: number;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
}

const PUBLIC_KEY_BYTES = 32;
const MAC_BYTES = 16;
const GENERATION_AT = 1 + DEVICE_ID_BYTES;
const PUBLIC_KEY_AT = GENERATION_AT + 4;
const MAC_AT = PUBLIC_KEY_AT + PUBLIC_KEY_BYTES;
/** 69 bytes in base64url. */
const CREDENTIAL_CHARS = 92;

/** Creates a credential: 92 characters, authenticated with the newest key. It contains no secret. */
export function sealCredential(keyring: Keyring, parts: CredentialParts): string {
  const bytes = new Uint8Array(MAC_AT + MAC_BYTES);
  bytes[0] = keyring.newest.kid;
  bytes.set(parts.deviceId, 1);
  new DataView(bytes.buffer).setUint32(GENERATION_AT, parts.generation);
  bytes.set(parts.publicKey, PUBLIC_KEY_AT);
  const subkey = keyring.newest.subkey("credential");
  bytes.set(shortMac(subkey, bytes.subarray(0, MAC_AT), MAC_BYTES), MAC_AT);
  return toBase64Url(bytes);
}

/** Opens a credential; undefined for any text that this mesh did not issue with one of its present keys. */
export function openCredential(keyring: Keyring, credential: string): CredentialParts | undefined {
  if (credential.length !== CREDENTIAL_CHARS) return undefined;
  const bytes = fromBase64Url(credential);
  const kid = bytes?.[0];
  const key = kid === undefined ? undefined : keyring.byKid(kid);
  if (bytes === undefined || key === undefined) return undefined;
  const mac = shortMac(key.subkey("credential"), bytes.subarray(0, MAC_AT), MAC_BYTES);
  if (!equalBytes(mac, bytes.subarray(MAC_AT))) return undefined;
  return {
    deviceId: bytes.slice(1, GENERATION_AT),
    generation: new DataView(bytes.buffer).getUint32(GENERATION_AT),
    publicKey: bytes.slice(PUBLIC_KEY_AT, MAC_AT),
  };
}
