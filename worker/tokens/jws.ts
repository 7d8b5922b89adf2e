/**
 * JSON Web Signatures (RFC 7515) as devices make them: compact, Ed25519 (RFC 8037).
 *
 * Not jose, because every connect verifies one: jose accepts only Web Crypto keys, which costs 170 µs per link on Deno, where
 * `node:crypto` takes 56. A test checks that both give the same verdicts.
 */
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import { fromBase64Url } from "../../schema/text.ts";
import type { EdgeCrypto } from "../signature/crypto.ts";

/** A parsed token. Its signature is not verified yet: do not trust its contents. */
interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: unknown;
  readonly signature: Uint8Array;
  /** The signed bytes: the first two parts as received. */
  readonly signed: Uint8Array;
}

/** The token is invalid. The message is the detail of the answer. */
export class JwsError extends Error {}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function readJson(name: string, part: string): unknown {
  const bytes = fromBase64Url(part);
  if (bytes === undefined) throw new JwsError(`its ${name} is not base64url`);
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (cause) {
    throw new JwsError(`its ${name} is not JSON`, { cause });
  }
}

/**
 * @param algorithms accepted values of `alg`
 * @throws JwsError
 */
export function readJws(token: string, algorithms: readonly string[] = ["EdDSA"]): Jws {
  const parts = token.split(".");
  const [head = "", body = "", tail = ""] = parts;
  if (parts.length !== 3) throw new JwsError("it is not of three parts");
  const header = readJson("header", head);
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new JwsError("its header is no object");
  }
  const fields = header as Record<string, unknown>;
  const { alg } = fields;
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw new JwsError(`alg must be ${algorithms.join(" or ")}`);
  }
  // RFC 7515 §4.1.11: an unknown critical extension makes the token invalid, and none is known here.
  if (fields["crit"] !== undefined) throw new JwsError("crit names what is not understood");
  const signature = fromBase64Url(tail);
  if (signature === undefined) throw new JwsError("its signature is not base64url");
  const signed = utf8.encode(`${head}.${body}`);
  return { header: fields, payload: readJson("payload", body), signature, signed };
}

/** @throws JwsError if another key signed it, or the key is not valid */
export async function verifyJws(jws: Jws, publicKey: Uint8Array, by: EdgeCrypto): Promise<void> {
  if (isSmallOrder(publicKey)) throw new JwsError("the key is of small order, and proves nothing");
  let verify: Awaited<ReturnType<EdgeCrypto["verifier"]>>;
  try {
    verify = await by.verifier("ed25519", publicKey);
  } catch (cause) {
    // 32 bytes that are not a point on the curve.
    throw new JwsError("the key is not Ed25519", { cause });
  }
  if (!(await verify(jws.signed, jws.signature))) {
    throw new JwsError("signature verification failed");
  }
}
