/** What an app signs for others to carry: listen tokens and grants, each a compact JWS (RFC 7515) by one of its keys. */
import type { Signer } from "http-message-sig";
import { toBase64Url } from "../../schema/text.ts";

/** The `alg` by the kind of the key (RFC 7518 §3.1, RFC 8037 §3.1). */
const ALGORITHMS: Readonly<Record<string, string>> = { "hmac-sha256": "HS256", ed25519: "EdDSA" };

const utf8 = new TextEncoder();
const part = (value: unknown): string => toBase64Url(utf8.encode(JSON.stringify(value)));

/** @param claims `iat` and `exp` in seconds since 1970 */
export async function signedToken(
  signer: Signer,
  { keyId, typ }: { readonly keyId: string; readonly typ: string },
  claims: { readonly iat: number; readonly exp: number },
): Promise<string> {
  const header = { alg: ALGORITHMS[signer.algorithm], typ, kid: keyId };
  const signed = `${part(header)}.${part({ aud: "pushmesh", ...claims })}`;
  return `${signed}.${toBase64Url(await signer.sign(utf8.encode(signed)))}`;
}
