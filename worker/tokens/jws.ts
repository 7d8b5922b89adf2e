/**
 * JSON Web Signatures (RFC 7515) as devices make them: compact, Ed25519 (RFC 8037).
 *
 * Our own because it is in the path of every connect: jose takes a key of Web Crypto only, which costs 170 µs a link
 * on Deno where the host's own verification takes 56. A test holds both to the same verdicts.
 */
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import { fromBase64Url } from "../../schema/text.ts";
import type { EdgeCrypto } from "../signature/crypto.ts";

/** A token whose signature is not looked at yet: nothing it says is proved. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: unknown;
  readonly signature: Uint8Array;
  /** What was signed: the first two parts as they came. */
  readonly signed: Uint8Array;
}

/** The token is none, in the words of the answer. */
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
 * @param algorithms what `alg` may be
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
  // An extension that its signer calls critical and we do not know (RFC 7515 §4.1.11): we know none.
  if (fields["crit"] !== undefined) throw new JwsError("crit names what is not understood");
  const signature = fromBase64Url(tail);
  if (signature === undefined) throw new JwsError("its signature is not base64url");
  const signed = utf8.encode(`${head}.${body}`);
  return { header: fields, payload: readJson("payload", body), signature, signed };
}

/** @throws JwsError where another key signed it, or the key is none */
export async function verifyJws(jws: Jws, publicKey: Uint8Array, by: EdgeCrypto): Promise<void> {
  if (isSmallOrder(publicKey)) throw new JwsError("the key is of small order, and proves nothing");
  let verify: Awaited<ReturnType<EdgeCrypto["verifier"]>>;
  try {
    verify = await by.verifier("ed25519", publicKey);
  } catch (cause) {
    // 32 bytes that are no point of the curve.
    throw new JwsError("the key is not Ed25519", { cause });
  }
  if (!(await verify(jws.signed, jws.signature))) {
    throw new JwsError("signature verification failed");
  }
}
