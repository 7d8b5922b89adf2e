/** What a device signs with its key: proofs, handovers and connect tokens (docs/protocol.md, sections 1 and 2). */
import { compactVerify, errors } from "jose";
import * as z from "zod";
import { IDENTIFIER_BYTES } from "../core/identity/device-id.ts";
import { LIMITS } from "../schema/limits.ts";
import { fromBase64Url } from "../schema/text.ts";

/** Why a token is refused. `expired` is for one from the future too: setting the clock mends both. */
export interface TokenFault {
  readonly fault: "invalid" | "expired";
  readonly detail: string;
}

const PUBLIC_KEY_BYTES = 32;

/** Base64url of exactly so many bytes, in its one canonical form. */
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

/** Checks a token's times; undefined where they are good. All in seconds. */
export function timeFault(
  { iat, exp }: { readonly iat: number; readonly exp: number },
  now: number,
): TokenFault | undefined {
  const bound = LIMITS.TOKEN_MAX_AGE_SECONDS;
  const skew = LIMITS.CLOCK_SKEW_SECONDS;
  if (exp <= iat || exp - iat > bound) {
    return { fault: "invalid", detail: `exp must be 1 to ${bound} s after iat` };
  }
  if (iat > now + skew) return { fault: "expired", detail: `iat is ${iat - now} s ahead` };
  if (exp < now - skew) return { fault: "expired", detail: `exp was ${now - exp} s ago` };
  return undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Reads claims; throws the library's own error, so that all that is wrong with a token comes one way. */
function readClaims<S extends z.ZodType>(schema: S, payload: Uint8Array): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(payload));
  } catch (cause) {
    throw new errors.JWTInvalid("the claims are not JSON", { cause });
  }
  const claims = schema.safeParse(json);
  if (claims.success) return claims.data;
  const [issue] = claims.error.issues;
  throw new errors.JWTInvalid(`claim ${issue?.path.join(".")}: ${issue?.message}`);
}

const ownKeyHeader = z.object({
  jwk: z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: publicKeyText }),
});

/** The key that a token must be signed with, found in the token itself, whose words are not proved yet. */
export type KeySource<C> = (header: unknown, claims: C) => Uint8Array | undefined;

/** Takes the key that the token's own header names. */
export const ownKey: KeySource<unknown> = (header) => {
  const x = ownKeyHeader.safeParse(header).data?.jwk.x;
  return x === undefined ? undefined : fromBase64Url(x);
};

/** What a token is expected to be. */
export interface TokenKind<S extends typeof commonClaims> {
  readonly typ: string;
  readonly claims: S;
  readonly key: KeySource<z.output<S>>;
}

/**
 * Verifies a token: `typ`, the claims, the signature and the times.
 *
 * @param nowMs - Milliseconds since 1970.
 * @returns The claims and the raw public key that signed them, or what is wrong.
 */
export async function verifyToken<S extends typeof commonClaims>(
  token: string,
  kind: TokenKind<S>,
  nowMs: number,
): Promise<{ readonly claims: z.output<S>; readonly publicKey: Uint8Array } | TokenFault> {
  let publicKey = new Uint8Array();
  try {
    const { payload } = await compactVerify(
      token,
      async (header, { payload: text }) => {
        if (header.typ !== kind.typ) throw new errors.JWTInvalid(`typ must be ${kind.typ}`);
        const bytes = fromBase64Url(String(text)) ?? new Uint8Array();
        const raw = kind.key(header, readClaims(kind.claims, bytes));
        if (raw === undefined)
          throw new errors.JWTInvalid("it names no key of this mesh's devices");
        publicKey = Uint8Array.from(raw);
        return await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
      },
      { algorithms: ["EdDSA"] },
    );
    const claims = readClaims(kind.claims, payload);
    return timeFault(claims, Math.floor(nowMs / 1_000)) ?? { claims, publicKey };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { fault: "invalid", detail: error.message };
    // importKey: 32 bytes that are no point of the curve.
    if (error instanceof DOMException)
      return { fault: "invalid", detail: "the key is not Ed25519" };
    throw error;
  }
}
