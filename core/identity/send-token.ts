/**
 * Send tokens: `pmst_<keyId>.<secret>`. The name of the key finds its app without a search; scanners for leaked secrets know the prefix.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { parseKeyId } from "./app-id.ts";
import { equalBytes } from "./mac.ts";

/** The secret, in base64url, is behind the last dot. */
const TOKEN = /^pmst_(?<keyId>.+)\.(?<secret>[^.]{43})$/;

/** Bytes of the secret, which nobody guesses. */
export const SEND_SECRET_BYTES = 32;

/** What an app stores of a send token. */
export const hashOfSecret = (secret: Uint8Array): Uint8Array => sha256(secret);

export const isSecretOf = (secret: Uint8Array, hash: Uint8Array): boolean =>
  equalBytes(hashOfSecret(secret), hash);

export const formatSendToken = (keyId: string, secret: Uint8Array): string =>
  `pmst_${keyId}.${toBase64Url(secret)}`;

/** Undefined for any other text. The token is not verified yet. */
export function parseSendToken(
  token: string,
): { readonly keyId: string; readonly secret: Uint8Array } | undefined {
  const { keyId = "", secret = "" } = TOKEN.exec(token)?.groups ?? {};
  const bytes = fromBase64Url(secret);
  if (parseKeyId(keyId) === undefined || bytes === undefined) return undefined;
  return { keyId, secret: bytes };
}
