/**
 * RegIds: what an app server sends to. Sealed with AES-SIV (RFC 5297), so that a regId is the same every time,
 * cannot be forged, and says nothing to whom it is given: two apps cannot find that their regIds are one device.
 */
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { APP_BYTES } from "./app-id.ts";
import { DEVICE_ID_BYTES } from "./device-id.ts";
import type { Keyring, MeshKey } from "./keyring.ts";
import { Siv } from "./siv.ts";

/** What a regId says. */
export interface RegIdParts {
  /** 16 bytes. */
  readonly deviceId: Uint8Array;
  /** 8 bytes. */
  readonly app: Uint8Array;
  /** Account generation of the device, 1 to 2^32 − 1. */
  readonly generation: number;
}

const GENERATION_AT = DEVICE_ID_BYTES + APP_BYTES;
const PLAIN_BYTES = GENERATION_AT + 4;
/** The synthetic IV, which is the authentication tag too. */
const SIV_BYTES = 16;
const SEALED_BYTES = 1 + SIV_BYTES + PLAIN_BYTES;
/** 45 bytes in base64url. */
export const REG_ID_CHARS = 60;

const ciphers = new WeakMap<MeshKey, Siv>();

/** The cipher of a key, made once; the key ID is its associated data. */
function cipherOf(key: MeshKey): Siv {
  let cipher = ciphers.get(key);
  if (cipher === undefined) {
    cipher = new Siv(key.subkey("regId"), Uint8Array.of(key.kid));
    ciphers.set(key, cipher);
  }
  return cipher;
}

/** The regId of these parts: 60 characters, sealed with the newest key. */
export function sealRegId(keyring: Keyring, parts: RegIdParts): string {
  const plain = new Uint8Array(PLAIN_BYTES);
  plain.set(parts.deviceId);
  plain.set(parts.app, DEVICE_ID_BYTES);
  new DataView(plain.buffer).setUint32(GENERATION_AT, parts.generation);
  const sealed = new Uint8Array(SEALED_BYTES);
  sealed[0] = keyring.newest.kid;
  sealed.set(cipherOf(keyring.newest).encrypt(plain), 1);
  return toBase64Url(sealed);
}

/**
 * Opens a regId; undefined for anything that this mesh did not seal with a key it still has.
 *
 * It takes 6.5 µs in workerd: too little for a cache that each regId would enter once.
 */
export function openRegId(keyring: Keyring, regId: string): RegIdParts | undefined {
  if (regId.length !== REG_ID_CHARS) return undefined;
  const sealed = fromBase64Url(regId);
  const kid = sealed?.[0];
  const key = kid === undefined ? undefined : keyring.byKid(kid);
  if (sealed === undefined || key === undefined) return undefined;
  const plain = cipherOf(key).decrypt(sealed.subarray(1));
  if (plain === undefined) return undefined;
  return {
    deviceId: plain.slice(0, DEVICE_ID_BYTES),
    app: plain.slice(DEVICE_ID_BYTES, GENERATION_AT),
    generation: new DataView(plain.buffer, plain.byteOffset).getUint32(GENERATION_AT),
  };
}
