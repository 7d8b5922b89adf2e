/** Reads requests of app servers: signed, or with a send token. */
import type { IdempotencyBasis } from "../../core/identity/message-key.ts";
import { MeshError } from "../../schema/errors.ts";
import { IDEMPOTENCY_KEY } from "../../schema/http/fields.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import { authenticate, authenticateToken } from "../signature/authenticate.ts";
import { checkDigests, readDigests } from "../signature/digest.ts";
import type { AppVerifier } from "../signature/keys.ts";
import { rightsFault } from "../signature/rights.ts";
import { noteUse } from "../signature/use.ts";
import type { Verified } from "../signature/verify.ts";
import { readBody, requireBound, requireJson } from "./body.ts";
import { sendTokenOf } from "./send-token.ts";

/** The app whose key signed a request, or whose send token it has. */
export interface Caller {
  /** The app's 8 bytes. */
  readonly app: Uint8Array;
  /** The same in base64url, as objects use it. */
  readonly appName: string;
  readonly verified: Verified<AppVerifier>;
}

/** @throws MeshError as `authenticate` does, and if the key may not sign requests of this route */
export async function readCaller(c: MeshContext): Promise<Caller> {
  const token = sendTokenOf(c.req.raw);
  const verified = await (token === undefined ? authenticate(c) : authenticateToken(c, token));
  // A route without scopes takes no key.
  const fault = rightsFault(verified.verifier, c.get("scopes") ?? [], c.get("receivedAt"));
  if (fault !== undefined) {
    const isOver = token !== undefined && fault.code === "key_expired";
    throw new MeshError(isOver ? "send_token_invalid" : fault.code, fault.detail);
  }
  noteUse(c, verified.verifier);
  const { app, keyId } = verified.verifier;
  const appName = toBase64Url(app);
  c.set("signedBy", appName);
  const { quota } = verified.verifier;
  if (quota !== null) c.set("quota", quota);
  c.set("keyId", keyId);
  return { app, appName, verified };
}

/** A send token signs no digest. */
const digestsOf = (request: Request) => {
  const header = request.headers.get("content-digest");
  return header === null && sendTokenOf(request) !== undefined ? [] : readDigests(header);
};

/**
 * Reads and authenticates a request with a JSON body.
 *
 * @param bound of the body, in bytes
 * @throws MeshError for a wrong content type, a body over the bound, a wrong digest, and as `authenticate` does
 */
export async function readSigned(
  c: MeshContext,
  bound: number = LIMITS.BODY_BYTES,
): Promise<{ readonly caller: Caller; readonly bytes: Uint8Array }> {
  requireJson(c.req.raw);
  return readSignedBytes(c, bound);
}

/** The same, whatever the content type says. */
export async function readSignedBytes(
  c: MeshContext,
  bound: number,
): Promise<{ readonly caller: Caller; readonly bytes: Uint8Array }> {
  const request = c.req.raw;
  requireBound(request, bound);
  const digests = digestsOf(request);
  // First, so that the body of a stranger is neither read nor hashed.
  const caller = await readCaller(c);
  const bytes = await readBody(request, bound);
  await checkDigests(digests, bytes, c.env.CRYPTO);
  return { caller, bytes };
}

/** A String of RFC 9651, with parameters, which mean nothing here. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"\s*(?:;.*)?$/;

/**
 * The key in the header: as a String of structured fields (draft-ietf-httpapi-idempotency-key-header), or bare, which means the same.
 *
 * @throws MeshError `idempotency_key_invalid`
 */
function idempotencyKeyIn(header: string): string {
  const key = header.startsWith('"') ? QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, "$1") : header;
  if (key === undefined || !IDEMPOTENCY_KEY.test(key))
    throw new MeshError("idempotency_key_invalid");
  return key;
}

/**
 * What identifies a send: a request with the same basis is the same send.
 *
 * @throws MeshError `idempotency_key_invalid` or `nonce_required`
 */
export function readBasis(c: MeshContext, { verified }: Caller): IdempotencyBasis {
  const value = c.req.header("idempotency-key");
  if (value !== undefined) {
    return { kind: "idempotency-key", value: idempotencyKeyIn(value) };
  }
  if (verified.nonce === undefined) throw new MeshError("nonce_required");
  // A signature with a nonce is unique to its request; a replay of it is the same message.
  return { kind: "signature", value: verified.signature };
}
