/** Reads JSON Web Signatures (RFC 7515) in compact form: device tokens, listen tokens and grants. */
import { fromBase64Url } from "../../schema/text.ts";

/** A parsed token. Its signature is not verified yet: do not trust its contents. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: unknown;
  readonly signature: Uint8Array;
  /** The signed bytes: the first two parts as received. */
  readonly signed: Uint8Array;
}

/** `alg` of what an app signs, by the algorithm of the key (RFC 7518 §3.1, RFC 8037 §3.1). */
export const JWS_ALGORITHMS: Readonly<Record<string, string>> = {
  "hmac-sha256": "HS256",
  ed25519: "EdDSA",
};

/** The token is invalid. The message is the detail of the answer. */
export class JwsError extends Error {}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function readJson(name: string, part: string): unknown {
  const bytes = fromBase64Url(part);
  if (bytes === undefined) throw new JwsError(`the token's ${name} is not base64url`);
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (cause) {
    throw new JwsError(`the token's ${name} is not JSON`, { cause });
  }
}

/**
 * @param algorithms accepted values of `alg`
 * @throws JwsError
 */
export function readJws(token: string, algorithms: readonly string[] = ["EdDSA"]): Jws {
  const parts = token.split(".");
  const [head = "", body = "", tail = ""] = parts;
  if (parts.length !== 3) throw new JwsError("the token must have three parts, separated by dots");
  const header = readJson("header", head);
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new JwsError("the token's header must be an object");
  }
  const fields = header as Record<string, unknown>;
  const { alg } = fields;
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw new JwsError(`alg must be ${algorithms.join(" or ")}`);
  }
  // RFC 7515 §4.1.11: an unknown critical extension makes the token invalid, and none is known here.
  if (fields["crit"] !== undefined) throw new JwsError("crit names an unknown extension");
  const signature = fromBase64Url(tail);
  if (signature === undefined) throw new JwsError("the token's signature is not base64url");
  const signed = utf8.encode(`${head}.${body}`);
  return { header: fields, payload: readJson("payload", body), signature, signed };
}
