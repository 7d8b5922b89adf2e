/**
 * RegIds: what an app server sends to. Sealed with AES-SIV (RFC 5297), so that a regId is the same for its whole life,
 * cannot be forged, and says nothing to whom it is given: two apps cannot find that their regIds are one device.
 */
import { aessiv } from "@noble/ciphers/aes.js";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { APP_BYTES } from "./app-id.ts";
import { DEVICE_ID_BYTES } from "./device-id.ts";
import type { Keyring, MeshKey } from "./keyring.ts";

/** What a regId says. */
export interface RegIdParts {
  /** 16 bytes. */
  readonly deviceId: Uint8Array;
  /** 8 bytes. */
  readonly app: Uint8Array;
  /**
   * Which registration of the app on this device it names: account generation + 2^32 × life, where a life is one of the
   * registrations that followed each other. Rises with each.
   */
  readonly generation: number;
}

/** Account generations are below it. */
const LIFE = 2 ** 32;

/** The life of a generation: 0 for the first registration of an app. */
export const lifeOf = (generation: number): number => Math.floor(generation / LIFE);

/** The generation of a registration. @param account generation of the account, 1 to 2^32 − 1 */
export const generationOf = (account: number, life: number): number => account + life * LIFE;

const GENERATION_AT = DEVICE_ID_BYTES + APP_BYTES;
const LIFE_AT = GENERATION_AT + 4;
/** The first life is not written, so that regIds from before there were lives stay what they are. */
const FIRST_BYTES = LIFE_AT;
const LATER_BYTES = LIFE_AT + 4;
/** The synthetic IV, which is the authentication tag too. */
const SIV_BYTES = 16;
/** 45 bytes in base64url: of the first life. */
export const REG_ID_CHARS = 60;
/** 49 bytes: of a later one. */
export const LATER_REG_ID_CHARS = 66;

/** The library expands its keys with each call: making the cipher once saves nothing. The key ID is associated data. */
const cipherOf = (key: MeshKey) => aessiv(key.subkey("regId"), Uint8Array.of(key.kid));

/** The regId of these parts: 60 characters, 66 after the first life; sealed with the newest key. */
export const sealRegId = ({ newest }: Keyring, parts: RegIdParts): string => seal(newest, parts);

/**
 * As `sealRegId`, but with the root: the one regId of a registration that stays the same over rotations.
 *
 * @param regId one of these parts: it is the answer, at no cost, where there was no rotation
 */
export const lastingRegId = ({ root, all }: Keyring, parts: RegIdParts, regId: string): string =>
  all.length === 1 ? regId : seal(root, parts);

/**
 * Which registration a regId names, told to its device beside it: 48 bits of the synthetic IV of the lasting regId, whichever key
 * seals by now. Cut from the text where no bit is of the key ID: a device that kept no identity finds it in a regId from before the
 * first rotation.
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
 * Opens a regId; undefined for anything that this mesh did not seal with a key it still has.
 *
 * It takes 14 µs in workerd, of which 8 are the key schedule: see `RegIdCache`.
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
    // The one failure left is a tag that does not match: a forged regId.
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

/** What a regId says, and the one that stays. */
export interface OpenedRegId extends RegIdParts {
  /** `lastingRegId` */
  readonly lasting: string;
}

/**
 * Opened regIds of one keyring. A regId says the same for ever, so an entry is never stale; forged ones are not kept.
 * Bounded: at the limit the oldest entry goes.
 */
export class RegIdCache {
  readonly #keyring: Keyring;
  readonly #opened: BoundedMap<string, OpenedRegId>;

  /** @param count entries kept, about 300 bytes each */
  constructor(keyring: Keyring, count: number) {
    this.#keyring = keyring;
    this.#opened = new BoundedMap(count);
  }

  /** `openRegId`, once for each regId that stays in the cache. */
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
