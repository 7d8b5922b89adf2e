/** Tokens that a device signs with its key: proofs, handovers and connect tokens (docs/protocol.md, sections 1 and 2). */
import * as z from "zod";
import { IDENTIFIER_BYTES } from "../../core/identity/device-id.ts";
import { JwsError, readJws } from "../../core/identity/jws.ts";
import { type TimeFault, type TimeRules, timeFault } from "../../core/identity/signed-times.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url } from "../../schema/text.ts";
import type { EdgeCrypto } from "../signature/crypto.ts";
import { verifyJws } from "./jws.ts";

const PUBLIC_KEY_BYTES = 32;

/** Canonical base64url of exactly this many bytes. */
const base64Url = (bytes: number) =>
  z
    .string()
    .refine((text) => fromBase64Url(text)?.length === bytes, `must be ${bytes} bytes in base64url`);

const publicKeyText = base64Url(PUBLIC_KEY_BYTES);

const commonClaims = z.object({
  aud: z.literal("pushmesh"),
  iat: z.int(),
  exp: z.int(),
  jti: z.string().min(8).max(64),
});

/** Claims of `typ` pushmesh-account+jwt. */
export const accountClaims = commonClaims.extend({
  ids: z
    .array(base64Url(IDENTIFIER_BYTES))
    .min(1)
    .max(LIMITS.DEVICE_IDENTIFIERS)
    .refine((ids) => new Set(ids).size === ids.length, "must be distinct"),
});

/** Claims of `typ` pushmesh-handover+jwt. */
export const handoverClaims = commonClaims.extend({ to: publicKeyText });

/** Claims of `typ` pushmesh-connect+jwt. */
export const connectClaims = commonClaims.extend({ cred: z.string() });

const TIME_RULES: TimeRules = {
  ...{ issued: "iat", expires: "exp" },
  maxLifeSeconds: LIMITS.TOKEN_MAX_AGE_SECONDS,
};

/** @throws JwsError */
function readClaims<S extends z.ZodType>(schema: S, payload: unknown): z.output<S> {
  const claims = schema.safeParse(payload);
  if (claims.success) return claims.data;
  const [issue] = claims.error.issues;
  throw new JwsError(`claim ${issue?.path.join(".")}: ${issue?.message}`);
}

const ownKeyHeader = z.object({
  jwk: z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: publicKeyText }),
});

/** Finds the key that a token must be signed with, in the token itself, which is not verified yet. */
type KeySource<C> = (header: unknown, claims: C) => Uint8Array | undefined;

/** The key in the token's header. */
export const ownKey: KeySource<unknown> = (header) => {
  const x = ownKeyHeader.safeParse(header).data?.jwk.x;
  return x === undefined ? undefined : fromBase64Url(x);
};

/** What a token has to be. */
export interface TokenKind<S extends typeof commonClaims> {
  readonly typ: string;
  readonly claims: S;
  readonly key: KeySource<z.output<S>>;
}

/**
 * Verifies a token: `typ`, the claims, the signature and the times.
 *
 * @param nowMs milliseconds since 1970
 * @returns the claims and the raw public key that signed them, or what is wrong
 */
export async function verifyToken<S extends typeof commonClaims>(
  token: string,
  kind: TokenKind<S>,
  nowMs: number,
  by: EdgeCrypto,
): Promise<{ readonly claims: z.output<S>; readonly publicKey: Uint8Array } | TimeFault> {
  try {
    const jws = readJws(token);
    if (jws.header["typ"] !== kind.typ) throw new JwsError(`typ must be ${kind.typ}`);
    const claims = readClaims(kind.claims, jws.payload);
    const publicKey = kind.key(jws.header, claims);
    if (publicKey === undefined) throw new JwsError("it names no key of this mesh's devices");
    await verifyJws(jws, publicKey, by);
    const times = { issued: claims.iat, expires: claims.exp };
    return timeFault(times, TIME_RULES, Math.floor(nowMs / 1_000)) ?? { claims, publicKey };
  } catch (error) {
    if (error instanceof JwsError) return { fault: "invalid", detail: error.message };
    throw error;
  }
}
