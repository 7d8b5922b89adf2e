/** Grants (docs/protocol.md, section 5): what a device may do with an app of this server. */
import type { RevocationAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { invalidOption, type Rule, type Rules, TEXT } from "../options.ts";
import type { CallOptions } from "./call.ts";
import { optionError } from "./errors.ts";
import type { SignedCalls } from "./signed-calls.ts";
import { signedToken } from "./signed-token.ts";

/** A name, or all names that start with a prefix; `{ prefix: "" }` is all names. */
export type GrantedName = string | { readonly prefix: string };

export interface GrantOptions {
  /** The deviceId that it is for, as the device's `grant` callback gets it. Default: any device that has the grant. */
  readonly device?: string | undefined;
  /** The registration that it is for; then it only renews. */
  readonly regId?: string | undefined;
  /** Aliases that the device may set for itself. Default: none. */
  readonly aliases?: readonly GrantedName[];
  /** Tags that the device may join. Default: none. */
  readonly tags?: readonly GrantedName[];
  /** Custom attributes that filters may trust. Default: none. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Seconds until it is over, 1 to 2,592,000 (30 days). The device SDK renews it before. Default: 86,400. */
  readonly expiresIn?: number;
}

const DEFAULT_SECONDS = 86_400;
/** A jti that no other grant has. */
const ID_BYTES = 12;
/** How a JWS begins: the base64url of a JSON object. */
const IS_CUT = /^eyJ/;
const utf8 = new TextEncoder();

const NAMES: Rule = [
  "a list of names and prefixes",
  (value: unknown) =>
    Array.isArray(value) &&
    value.every((each) => typeof each === "string" || typeof each?.prefix === "string"),
];
const OPTIONS: Rules = {
  device: TEXT,
  regId: TEXT,
  aliases: NAMES,
  tags: NAMES,
  attributes: [
    "an object of texts",
    (value: object | null) =>
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((each) => typeof each === "string"),
  ],
  expiresIn: ["a number", (value: unknown) => typeof value === "number"],
};

/** The first fault of the options. What is not known is refused, and not ignored: it was meant to bound the grant. */
function faultOf(options: GrantOptions): string | undefined {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  const others =
    unknown && `${unknown}: unknown option; a grant has ${Object.keys(OPTIONS).join(", ")}`;
  return invalidOption(options, OPTIONS) ?? others;
}

/** @throws PushServerError `option_invalid` */
export async function makeGrant(calls: SignedCalls, options: GrantOptions): Promise<string> {
  const fault = faultOf(options);
  if (fault !== undefined) throw optionError(fault);
  const { expiresIn = DEFAULT_SECONDS, device, regId, aliases, tags, attributes } = options;
  const most = LIMITS.GRANT_MAX_AGE_SECONDS;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > most)
    throw optionError(`expiresIn: ${expiresIn} must be whole seconds, 1 to ${most}`);
  checkNames("aliases", aliases, LIMITS.ALIAS_BYTES);
  checkNames("tags", tags, LIMITS.TAG_BYTES);
  const iat = Math.floor(calls.host.now() / 1_000);
  const jti = toBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  // JSON leaves out what is undefined.
  const claims = { iat, exp: iat + expiresIn, jti, device, regId, aliases, tags, attributes };
  const as = { keyId: calls.keyId, typ: "pushmesh-grant+jwt" };
  const grant = await signedToken(await calls.signer(), as, claims);
  if (grant.length <= LIMITS.TOKEN_CHARS) return grant;
  const detail = `the grant has ${grant.length} characters, at most ${LIMITS.TOKEN_CHARS}`;
  throw optionError(`${detail}: use prefixes in aliases and tags`);
}

/** The revocation of a grant. */
export interface RevokeOptions extends CallOptions {
  /** When the grant is over, milliseconds since 1970, if only its jti is known. Default: 30 days from now. */
  readonly expiresAt?: number;
}

/** @param grant a grant, or its jti. @throws PushServerError `option_invalid` */
export async function revokeGrant(
  calls: SignedCalls,
  grant: string,
  options: RevokeOptions,
): Promise<RevocationAnswerBody> {
  const claims = claimsOf(grant);
  // Else what was left out of a copied grant would leave it valid, and be answered as if it was revoked.
  if (claims === undefined && IS_CUT.test(grant))
    throw optionError("grant: is cut off: pass all of it, or its jti");
  const { jti, exp } = claims ?? { jti: grant, exp: undefined };
  const { expiresAt = exp === undefined ? undefined : exp * 1_000 } = options;
  const isName = jti !== "" && jti.isWellFormed();
  if (!isName || utf8.encode(jti).length > LIMITS.GRANT_ID_CHARS)
    throw optionError(`jti: must be 1 to ${LIMITS.GRANT_ID_CHARS} bytes of UTF-8`);
  const query = expiresAt === undefined ? "" : (`?expiresAt=${expiresAt}` as const);
  const path = `/v1/grants/${encodeURIComponent(jti)}${query}` as const;
  return calls.call<"revokeGrant">("DELETE", path, { isChange: true, signal: options.signal });
}

/** Undefined of a text that is no grant. */
function claimsOf(grant: string): { readonly jti: string; readonly exp: number } | undefined {
  const [, payload] = grant.split(".");
  const bytes = payload === undefined ? undefined : fromBase64Url(payload);
  if (bytes === undefined) return undefined;
  try {
    const { jti, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof jti === "string" && Number.isSafeInteger(exp) ? { jti, exp } : undefined;
  } catch {
    return undefined;
  }
}

function checkNames(field: string, names: readonly GrantedName[] = [], bytes: number): void {
  if (names.length > LIMITS.GRANT_NAMES)
    throw optionError(`${field}: ${names.length} names, at most ${LIMITS.GRANT_NAMES}`);
  for (const name of names) {
    const text = typeof name === "string" ? name : name.prefix;
    const isWhole = typeof name === "string" ? text !== "" : true;
    if (isWhole && text.isWellFormed() && utf8.encode(text).length <= bytes) continue;
    throw optionError(`${field}: ${JSON.stringify(name)} must be 1 to ${bytes} bytes of UTF-8`);
  }
}
