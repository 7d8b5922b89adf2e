/** Message keys: a retried or replayed request has the same key and is the same message (promise P2). */
import { sha256 } from "@noble/hashes/sha2.js";
import { KEY_BYTES } from "../../schema/text.ts";
import { APP_BYTES } from "./app-id.ts";
import { DEVICE_ID_BYTES } from "./device-id.ts";
import { lifeOf, type RegIdParts } from "./reg-id.ts";

/** What identifies a request. */
export type IdempotencyBasis =
  /** Visible ASCII, as text or as its bytes. */
  | { readonly kind: "idempotency-key"; readonly value: string | Uint8Array }
  /** The signature covers the whole request, including a nonce. */
  | { readonly kind: "signature"; readonly value: Uint8Array };

/** Separates the kinds, so that no Idempotency-Key can be chosen to equal a signature. */
const KIND_BYTE = { "idempotency-key": 1, signature: 2 } as const;
const utf8 = new TextEncoder();
const DOMAIN = utf8.encode("pushmesh/v1/message-key");
/** Of the same length as the other, so that no input begins with both. */
const LATER_DOMAIN = utf8.encode("pushmesh/v2/message-key");
const KIND_AT = DOMAIN.length;
const DEVICE_AT = KIND_AT + 1;
const APP_AT = DEVICE_AT + DEVICE_ID_BYTES;
const BASIS_AT = APP_AT + APP_BYTES;

/**
 * The 9-byte key of a message: the same for the same registration and basis, whichever mesh key seals the regId. Another life of the
 * registration is another registration. 72 bits: a new message collides with one of the 1,024 that a device remembers with a chance of
 * 2^-62.
 */
export function messageKey(
  registration: Pick<RegIdParts, "deviceId" | "app" | "generation">,
  basis: IdempotencyBasis,
): Uint8Array {
  const value = typeof basis.value === "string" ? utf8.encode(basis.value) : basis.value;
  const life = lifeOf(registration.generation);
  // Nothing is added for the first life, so that keys of versions without lives stay the same.
  const basisAt = life === 0 ? BASIS_AT : BASIS_AT + 4;
  const input = new Uint8Array(basisAt + value.length);
  input.set(life === 0 ? DOMAIN : LATER_DOMAIN);
  input[KIND_AT] = KIND_BYTE[basis.kind];
  input.set(registration.deviceId, DEVICE_AT);
  input.set(registration.app, APP_AT);
  if (life > 0) new DataView(input.buffer).setUint32(BASIS_AT, life);
  input.set(value, basisAt);
  // Into a hash that is used again: making one takes as long as the hash of so little.
  FRESH._cloneInto(scratch);
  scratch.update(input).digestInto(digest);
  return digest.slice(0, KEY_BYTES);
}

const FRESH = /* @__PURE__ */ sha256.create();
const scratch = /* @__PURE__ */ sha256.create();
const digest = new Uint8Array(scratch.outputLen);
const PLACE_DOMAIN = utf8.encode("pushmesh/v1/batch-key");
/** Of one hash. */
const KEYS_PER_HASH = Math.floor(32 / KEY_BYTES);

/**
 * The 9-byte keys of the messages of one batch by their places: the same for the same basis and place. Unlike `messageKey` they do not depend on
 * the registration, which remembers its own, so that three of them cost one hash.
 */
export class PlacedKeys {
  readonly #basis: Uint8Array;
  #group = -1;
  #hash = new Uint8Array();

  /** @param basis of the whole batch */
  constructor({ kind, value }: IdempotencyBasis) {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    const hash = sha256.create().update(PLACE_DOMAIN).update(Uint8Array.of(KIND_BYTE[kind]));
    this.#basis = new Uint8Array(hash.outputLen + 2);
    this.#basis.set(hash.update(bytes).digest());
  }

  /** Cheapest in the order of the places. */
  at(place: number): Uint8Array {
    const group = Math.floor(place / KEYS_PER_HASH);
    if (group !== this.#group) {
      new DataView(this.#basis.buffer).setUint16(this.#basis.length - 2, group);
      this.#hash = sha256(this.#basis);
      this.#group = group;
    }
    const start = (place % KEYS_PER_HASH) * KEY_BYTES;
    return this.#hash.slice(start, start + KEY_BYTES);
  }
}

/** The target of a message to several registrations. */
type GroupTarget =
  | { readonly kind: "alias"; readonly name: string }
  /** The target as its sender wrote it, in canonical form: the tags that cover it may change between a request and its retry. */
  | { readonly kind: "broadcast"; readonly name: string };

const GROUP_DOMAIN = { alias: "pushmesh/v1/alias-key", broadcast: "pushmesh/v1/broadcast-key" };

/**
 * The 9-byte key of a message to an alias, the same for all its holders, or of a broadcast: the same for the same app,
 * target and basis.
 *
 * @param app the app's 8 bytes
 */
export function groupKey(
  app: Uint8Array,
  { kind, name }: GroupTarget,
  basis: IdempotencyBasis,
): Uint8Array {
  const hash = sha256.create();
  hash.update(utf8.encode(GROUP_DOMAIN[kind])).update(app);
  // Hashed first, because its length varies.
  hash.update(sha256(utf8.encode(name))).update(Uint8Array.of(KIND_BYTE[basis.kind]));
  hash.update(typeof basis.value === "string" ? utf8.encode(basis.value) : basis.value);
  return hash.digest().slice(0, KEY_BYTES);
}
