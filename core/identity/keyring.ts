/**
 * The mesh's master keys and the subkeys derived from them. No code outside this folder sees either.
 *
 * Each purpose has its own subkey (HKDF-SHA-256, RFC 5869), so that a value made for one purpose is not valid for another, and a leaked
 * subkey compromises only its purpose.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url } from "../../schema/text.ts";

/** The purposes of subkeys. The text is the HKDF info, and so part of the format. */
const PURPOSES = {
  deviceId: { info: "pushmesh/v1/device-id", bytes: 32 },
  /** AES-256-SIV takes one key of twice 256 bits (RFC 5297 §2.2). */
  regId: { info: "pushmesh/v1/reg-id", bytes: 64 },
  appId: { info: "pushmesh/v1/app-id", bytes: 32 },
  credential: { info: "pushmesh/v1/credential", bytes: 32 },
  /** For AES-256-SIV, as `regId`. */
  storedSecret: { info: "pushmesh/v1/stored-secret", bytes: 64 },
  tagId: { info: "pushmesh/v1/tag-id", bytes: 32 },
  operator: { info: "pushmesh/v1/operator", bytes: 32 },
  /** The private key of X25519 with which apps agree on keys. */
  linkKey: { info: "pushmesh/v1/link-key", bytes: 32 },
  walk: { info: "pushmesh/v1/walk", bytes: 32 },
} as const;
type Purpose = keyof typeof PURPOSES;

/** Bytes of one master key: 256 bits, the strength of its strongest subkey. */
const MASTER_BYTES = 32;
const ENTRY = /^(\d{1,3}):([A-Za-z0-9_-]{43})(;accept)?$/;
const utf8 = new TextEncoder();

/** One master key. A subkey is derived at its first use, so an object that only opens regIds derives one. */
export class MeshKey {
  /** 0 to 255; the first byte of everything sealed with this key. */
  readonly kid: number;
  readonly #master: Uint8Array;
  readonly #subkeys = new Map<Purpose, Uint8Array>();

  constructor(kid: number, master: Uint8Array) {
    this.kid = kid;
    this.#master = master;
  }

  /** The subkey of a purpose: 64 bytes for AES-SIV, 32 for the others. */
  subkey(purpose: Purpose): Uint8Array {
    const known = this.#subkeys.get(purpose);
    if (known !== undefined) return known;
    const { info, bytes } = PURPOSES[purpose];
    const made = hkdf(sha256, this.#master, undefined, utf8.encode(info), bytes);
    this.#subkeys.set(purpose, made);
    return made;
  }
}

/** The keys of one mesh. */
export interface Keyring {
  /** Seals new regIds and credentials: the first key of the list without `;accept`. */
  readonly newest: MeshKey;
  /**
   * The last key of the list. It derives device IDs and appIds, which must survive a rotation: the same identifiers must remain the
   * same device. Without it, every app and every returning device is a new one.
   */
  readonly root: MeshKey;
  readonly all: readonly MeshKey[];
  byKid(kid: number): MeshKey | undefined;
}

/**
 * Parses `MESH_KEYS`: `<kid>:<base64url of 32 bytes>`, newest first, separated by commas; kid is 0 to 255.
 *
 * A key followed by `;accept` opens what other processes seal with it, but seals nothing: so every process of a mesh can have a new
 * key before the first one seals with it.
 *
 * @returns the keyring, or a sentence that says what is wrong, without key material
 */
export function parseKeyring(text: string): Keyring | string {
  if (text.trim() === "")
    return "MESH_KEYS is empty; it must hold at least one <kid>:<base64url of 32 bytes>";
  const keys = new Map<number, MeshKey>();
  let newest: MeshKey | undefined;
  let isRootSealing = false;
  for (const [index, entry] of text.split(",").entries()) {
    const at = `MESH_KEYS entry ${index + 1}`;
    const match = ENTRY.exec(entry.trim());
    const master = match?.[2] === undefined ? undefined : fromBase64Url(match[2]);
    if (match === null || master?.length !== MASTER_BYTES) {
      return `${at} is not <kid>:<base64url of ${MASTER_BYTES} bytes>, or that and ;accept`;
    }
    const kid = Number(match[1]);
    if (kid > 255) return `${at} has kid ${kid}; it must be 0 to 255`;
    if (keys.has(kid)) return `${at} repeats kid ${kid}`;
    if (master.every((byte) => byte === 0)) return `${at} is no key: its bytes are all zero`;
    const key = new MeshKey(kid, master);
    keys.set(kid, key);
    isRootSealing = match[3] === undefined;
    if (isRootSealing) newest ??= key;
  }
  const all = [...keys.values()];
  const root = all.at(-1);
  // It derives the IDs of devices and apps, from the first day on.
  if (!isRootSealing) return "the last entry of MESH_KEYS must not be ;accept";
  if (newest === undefined || root === undefined) return "MESH_KEYS holds no key";
  return { newest, root, all, byKid: (kid) => keys.get(kid) };
}

let last: { readonly text: string; readonly keyring: Keyring | string } | undefined;

/** Like `parseKeyring`, but remembers the last result: thousands of objects in one isolate share one keyring. */
export function keyringOf(text: string): Keyring | string {
  if (last?.text !== text) last = { text, keyring: parseKeyring(text) };
  return last.keyring;
}
