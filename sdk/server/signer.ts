/** Sending keys as signers. */
import { fromBase64Url } from "../../schema/text.ts";
import type { NativeCryptoKey } from "../crypto-types.ts";
import { optionError } from "./errors.ts";

/**
 * A sending key: the secret of an HMAC key as printed by `pushmesh key create`, or its bytes; or an Ed25519 private key as JWK or
 * CryptoKey. A CryptoKey may also be an HMAC-SHA-256 key.
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

async function importKey(key: SendingKey): Promise<CryptoKey> {
  if (key instanceof CryptoKey) return key;
  if (key instanceof Uint8Array) return importHmac(key);
  if (typeof key !== "string") {
    return crypto.subtle.importKey("jwk", key as JsonWebKey, "Ed25519", false, ["sign"]);
  }
  const secret = fromBase64Url(key);
  if (secret?.length !== SECRET_BYTES) {
    throw new TypeError(`the secret must be ${SECRET_BYTES} bytes in base64url`);
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

/** Creates an Ed25519 key pair: keep `privateKey`, and pass `publicKey` to `MeshAdmin.createKey`. */
export async function createSigningKey(): Promise<{
  readonly privateKey: SigningJwk;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
}> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const { x = "" } = await exportJwk(pair.publicKey);
  return { privateKey: await exportJwk(pair.privateKey), publicKey: x };
}
