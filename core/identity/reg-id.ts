/**
 * RegIds: the addresses that app servers send to. Sealed with AES-SIV (RFC 5297), so that a regId never changes, cannot be forged, and
 * reveals nothing: two apps cannot find out that their regIds belong to one device.
 */
import { aessiv } from "@noble/ciphers/aes.js";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { APP_BYTES } from "./app-id.ts";
import { DEVICE_ID_BYTES } from "./device-id.ts";
import type { Keyring, MeshKey } from "./keyring.ts";

/** The contents of a regId. */
export interface RegIdParts {
  /** 16 bytes. */
  readonly deviceId: Uint8Array;
  /** 8 bytes. */
  readonly app: Uint8Array;
  /**
   * Which registration of the app on this device: account generation + 2^32 × life. Successive registrations are numbered lives, from
   * 0, so this increases with each.
   */
  readonly generation: number;
}

/** Account generations are below this. */
const LIFE = 2 ** 32;

/** The life of a generation: 0 for the first registration of an app. */
export const lifeOf = (generation: number): number => Math.floor(generation / LIFE);

/** The generation of a registration. @param account the generation of the account, 1 to 2^32 − 1 */
export const generationOf = (account: number, life: number): number => account + life * LIFE;

const GENERATION_AT = DEVICE_ID_BYTES + APP_BYTES;
const LIFE_AT = GENERATION_AT + 4;
/** The first life is not encoded, so that regIds of versions without lives stay the same. */
const FIRST_BYTES = LIFE_AT;
const LATER_BYTES = LIFE_AT + 4;
/** The synthetic IV, which is also the authentication tag. */
const SIV_BYTES = 16;
/** 45 bytes in base64url, for the first life. */
const REG_ID_CHARS = 60;
/** 49 bytes in base64url, for later lives. */
const LATER_REG_ID_CHARS = 66;

/** The library expands the key at each call, so caching the cipher saves nothing. The key ID is associated data. */
const cipherOf = (key: MeshKey) => aessiv(key.subkey("regId"), Uint8Array.of(key.kid));

/** Creates a regId, sealed with the newest key: 60 characters, or 66 after the first life. */
export const sealRegId = ({ newest }: Keyring, parts: RegIdParts): string => seal(newest, parts);

/**
 * Like `sealRegId`, but with the root key: this regId of a registration stays the same when keys rotate.
 *
 * @param regId a regId of these parts, which is returned without sealing if there is only one key
 */
export const lastingRegId = ({ root, all }: Keyring, parts: RegIdParts, regId: string): string =>
  all.length === 1 ? regId : seal(root, parts);

/**
 * The identity of a registration, which the device gets with its regId: 48 bits of the synthetic IV of the lasting regId, whichever key
 * seals now. These characters contain no bit of the key ID, so a device that stored no identity finds it in a regId from before the first
 * rotation.
 *
 * @param lasting `lastingRegId`
 */
export const identityOf = (lasting: string): string => lasting.slice(2, 10);

function seal(key: MeshKey, parts: RegIdParts): string {
  const life = lifeOf(parts.generation);
  const plain = new Uint8Array(life === 0 ? FIRST_BYTES : LATER_BYTES);
  plain.set(parts.deviceId);
  plain.set(parts.app, DEVICE_ID_BYTES);
  const view = new DataView(plain.buffer);
  view.setUint32(GENERATION_AT, parts.generation % LIFE);
  if (life > 0) view.setUint32(LIFE_AT, life);
  const sealed = new Uint8Array(1 + SIV_BYTES + plain.length);
  sealed[0] = key.kid;
  sealed.set(cipherOf(key).encrypt(plain), 1);
  return toBase64Url(sealed);
}

/**
 * Opens a regId; undefined for any text that this mesh did not seal with one of its present keys. Takes 14 µs in workerd, 8 of them for
 * the key schedule: see `RegIdCache`.
 */
export function openRegId(keyring: Keyring, regId: string): RegIdParts | undefined {
  if (regId.length !== REG_ID_CHARS && regId.length !== LATER_REG_ID_CHARS) return undefined;
  const sealed = fromBase64Url(regId);
  const kid = sealed?.[0];
  const key = kid === undefined ? undefined : keyring.byKid(kid);
  if (sealed === undefined || key === undefined) return undefined;
  let plain: Uint8Array;
  try {
    plain = cipherOf(key).decrypt(sealed.slice(1));
  } catch {
    // The only remaining error is a wrong authentication tag: a forged regId.
    return undefined;
  }
  const view = new DataView(plain.buffer, plain.byteOffset);
  const life = plain.length === LATER_BYTES ? view.getUint32(LIFE_AT) : 0;
  return {
    deviceId: plain.slice(0, DEVICE_ID_BYTES),
    app: plain.slice(DEVICE_ID_BYTES, GENERATION_AT),
    generation: generationOf(view.getUint32(GENERATION_AT), life),
  };
}

/** The contents of a regId, and the lasting regId. */
interface OpenedRegId extends RegIdParts {
  /** `lastingRegId` */
  readonly lasting: string;
}

/**
 * A cache of opened regIds of one keyring. The contents of a regId never change, so entries are never stale. Forged regIds are not
 * cached. At the limit the oldest entry is dropped.
 */
export class RegIdCache {
  readonly #keyring: Keyring;
  readonly #opened: BoundedMap<string, OpenedRegId>;

  /** @param count limit of entries, about 300 bytes each */
  constructor(keyring: Keyring, count: number) {
    this.#keyring = keyring;
    this.#opened = new BoundedMap(count);
  }

  /** Like `openRegId`, with the cache. */
  open(regId: string): OpenedRegId | undefined {
    const known = this.#opened.get(regId);
    if (known !== undefined) return known;
    const parts = openRegId(this.#keyring, regId);
    if (parts === undefined) return undefined;
    const lasting = lastingRegId(this.#keyring, parts, regId);
    const opened = { ...parts, lasting };
    this.#opened.set(regId, opened);
    return opened;
  }
}
