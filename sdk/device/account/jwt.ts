/** Compact JWS with Ed25519 (RFC 7515, RFC 8037): only the three kinds that a device signs. */
import { toBase64Url } from "../../../schema/text.ts";

const utf8 = new TextEncoder();

const encodeJson = (value: object): string => toBase64Url(utf8.encode(JSON.stringify(value)));

/** Signs `claims`; `header.alg` is added. */
export async function signJwt(
  subtle: SubtleCrypto,
  privateKey: CryptoKey,
  header: object,
  claims: object,
): Promise<string> {
  const signed = `${encodeJson({ alg: "EdDSA", ...header })}.${encodeJson(claims)}`;
  const signature = await subtle.sign("Ed25519", privateKey, utf8.encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}
