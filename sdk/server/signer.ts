/** Sending keys as signers. */
import { fromBase64Url } from "../../schema/text.ts";
import type { NativeCryptoKey } from "../crypto-types.ts";
import { optionError } from "./errors.ts";

/**
 * A sending key as `pushmesh key create` prints it: `ed25519:` and a private key, or the secret of an HMAC key. Or the bytes of an HMAC
 * secret, or an Ed25519 private key as JWK or CryptoKey. A CryptoKey may also be an HMAC-SHA-256 key.
 */
export type SendingKey = string | Uint8Array | SigningJwk | NativeCryptoKey;

/** A JWK (RFC 7517). Declared here, because the TypeScript project of a server may lack the browser types. */
export interface SigningJwk {
  kty?: string;
  crv?: string;
  x?: string;
  d?: string;
  alg?: string;
  use?: string;
  ext?: boolean;
  key_ops?: string[];
}

/** Signs the bytes of a signature base. */
export interface Signer {
  /** The name of the algorithm in RFC 9421. */
  readonly algorithm: string;
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** Bytes of an HMAC secret created by the mesh. */
const SECRET_BYTES = 32;

const importHmac = (secret: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    "raw",
    Uint8Array.from(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );

/** What marks an Ed25519 private key as text; 32 bytes in base64url follow, the seed of RFC 8032. */
const ED25519 = "ed25519:";
/** PKCS #8 of an Ed25519 key up to its seed (RFC 8410 §7), a form that every Web Crypto imports without the public key. */
const PKCS8 = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

function importSeed(text: string): Promise<CryptoKey> {
  const seed = fromBase64Url(text);
  if (seed?.length !== SECRET_BYTES)
    throw new TypeError(`${ED25519} must be followed by ${SECRET_BYTES} bytes in base64url`);
  const pkcs8 = Uint8Array.of(...PKCS8, ...seed);
  return crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
}

async function importKey(key: SendingKey): Promise<CryptoKey> {
  if (key instanceof CryptoKey) return key;
  if (key instanceof Uint8Array) return importHmac(key);
  if (typeof key !== "string") {
    return crypto.subtle.importKey("jwk", key as JsonWebKey, "Ed25519", false, ["sign"]);
  }
  // A file that a key was written to ends with a line feed.
  const text = key.trim();
  if (text.startsWith(ED25519)) return importSeed(text.slice(ED25519.length));
  const secret = fromBase64Url(text);
  if (secret?.length !== SECRET_BYTES) {
    throw new TypeError(
      `must be ${ED25519} and a private key, or the secret of an HMAC key: ${SECRET_BYTES} bytes in base64url`,
    );
  }
  return importHmac(secret);
}

const ALGORITHMS: Readonly<Record<string, string>> = { HMAC: "hmac-sha256", Ed25519: "ed25519" };

/** @throws PushServerError `option_invalid` if the mesh does not support the key. */
export async function signerOf(key: SendingKey): Promise<Signer> {
  let imported: CryptoKey;
  try {
    imported = await importKey(key);
  } catch (error) {
    throw optionError(`key: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const { name } = imported.algorithm;
  const algorithm = ALGORITHMS[name];
  if (algorithm === undefined || !imported.usages.includes("sign")) {
    throw optionError(`key: a ${name} key of use ${imported.usages.join(", ")} cannot sign`);
  }
  return {
    algorithm,
    async sign(data) {
      return new Uint8Array(await crypto.subtle.sign(name, imported, Uint8Array.from(data)));
    },
  };
}

/** Cast, because lib.dom and the Workers types infer different types for "jwk". */
async function exportJwk(key: CryptoKey): Promise<SigningJwk> {
  return (await crypto.subtle.exportKey("jwk", key)) as SigningJwk;
}

/** Creates an Ed25519 key pair: keep `privateKey`, or `secret`, the same as text, and pass `publicKey` to `MeshAdmin.createKey`. */
export async function createSigningKey(): Promise<{
  readonly privateKey: SigningJwk;
  /** For `key` of `PushServer`, and for settings: `ed25519:` and 32 bytes in base64url. */
  readonly secret: string;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
}> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const { x = "" } = await exportJwk(pair.publicKey);
  const privateKey = await exportJwk(pair.privateKey);
  return { privateKey, secret: `${ED25519}${privateKey.d}`, publicKey: x };
}
