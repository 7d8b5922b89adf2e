/**
 * The mesh's side of the keys with which apps and the mesh seal frames for each other. Each mesh key has a pair of its own, so that a
 * mesh key that is dropped takes with it what was agreed on with it.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { KeySetup } from "../../schema/generated/link.ts";
import { EPOCH_CONTEXT, LINK_KEY_BYTES, linkInfo } from "../../schema/hpke.ts";
import type { Direction } from "../../schema/sealed.ts";
import { type HpkeContext, type HpkeKeys, hpkeKeysOf, hpkeRecipient } from "./hpke.ts";
import type { Keyring, MeshKey } from "./keyring.ts";

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

/** @returns null for a setup that is not one; `unknown` if it was made for a key that the mesh does not have */
export function agreedKey(
  keyring: Keyring,
  { kid, enc }: Pick<KeySetup, "kid" | "enc">,
  appId: string,
): AgreedKey | "unknown" | null {
  const key = keyring.byKid(kid);
  if (key === undefined) return "unknown";
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
