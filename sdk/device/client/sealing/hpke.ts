/** The sender's end of HPKE (RFC 9180, base mode), by Web Crypto. The suite is that of schema/hpke.ts. */
import {
  concat,
  HPKE_SUITE,
  KEM_SUITE,
  LINK_KEY_BYTES,
  labeledIkm,
  labeledInfo,
  type Piece,
} from "../../../../schema/hpke.ts";
import { NONCE_BYTES } from "../../../../schema/sealed.ts";
import type { NativeCrypto, NativeKeyPair } from "../../../crypto-types.ts";

type Subtle = NativeCrypto["subtle"];
type Bytes = Uint8Array<ArrayBuffer>;

export const X25519 = { name: "X25519" } as const;
/** HMAC pads a key with zeros: the same as none. Web Crypto refuses an empty one. */
const NO_SALT = /* @__PURE__ */ new Uint8Array(32);

/** A context that a sender and a recipient share. */
export interface SenderContext {
  /** The encapsulated key, for the recipient. */
  readonly enc: Bytes;
  /** A secret of 32 bytes. */
  readonly exported: (context: string) => Promise<Bytes>;
  /** Seals the first message of the context; there is no second. */
  readonly sealFirst: (plaintext: Bytes) => Promise<Bytes>;
}

async function hmac(subtle: Subtle, secret: Bytes, data: Bytes): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", key, data));
}

/**
 * Agrees on a context with the owner of a public key.
 *
 * @param pair for this context alone
 * @throws the error of Web Crypto if `recipient` is no public key of X25519, or one of those with which every key gives zeros
 */
export async function setupSender(
  subtle: Subtle,
  recipient: Bytes,
  info: Piece,
  pair: NativeKeyPair,
): Promise<SenderContext> {
  const extract = (suite: string, salt: Bytes, label: string, ikm: Piece) =>
    hmac(subtle, salt, labeledIkm(suite, label, ikm));
  const expand = async (
    suite: string,
    secret: Bytes,
    label: string,
    info: Piece,
    bytes = LINK_KEY_BYTES,
  ) => {
    const block = concat(labeledInfo(suite, label, info, bytes), Uint8Array.of(1));
    return (await hmac(subtle, secret, block)).slice(0, bytes);
  };
  const enc = new Uint8Array((await subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  // Not in place: the types of Workers have another name for `public`, which their runtime takes as well.
  const exchange = {
    ...X25519,
    public: await subtle.importKey("raw", recipient, X25519, true, []),
  };
  const shared = new Uint8Array(await subtle.deriveBits(exchange, pair.privateKey, 256));
  const prk = await extract(KEM_SUITE, NO_SALT, "eae_prk", shared);
  const agreed = await expand(KEM_SUITE, prk, "shared_secret", concat(enc, recipient));
  const schedule = concat(
    "\0",
    await extract(HPKE_SUITE, NO_SALT, "psk_id_hash", ""),
    await extract(HPKE_SUITE, NO_SALT, "info_hash", info),
  );
  const secret = await extract(HPKE_SUITE, agreed, "secret", "");
  return {
    enc,
    exported: async (context) => {
      const exporter = await expand(HPKE_SUITE, secret, "exp", schedule);
      return expand(HPKE_SUITE, exporter, "sec", context);
    },
    sealFirst: async (plaintext) => {
      const raw = await expand(HPKE_SUITE, secret, "key", schedule);
      const iv = await expand(HPKE_SUITE, secret, "base_nonce", schedule, NONCE_BYTES);
      const key = await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
      return new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv }, key, plaintext));
    },
  };
}
