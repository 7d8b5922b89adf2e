/** Grants: what an app's server allows one registration, in a compact JWS that a key of scope `grant` signed (docs/protocol.md, section 12). */
import { LIMITS } from "../../schema/limits.ts";
import { parseKeyId } from "../identity/app-id.ts";
import { JWS_ALGORITHMS, type Jws, JwsError, readJws } from "../identity/jws.ts";
import { type TimeRules, timeFault } from "../identity/signed-times.ts";
import type { Refused } from "../message/refusal.ts";
import { type PrefixRule, ruleFor } from "../trust/policy.ts";
import type { KeyRights } from "./app.ts";

const TYP = "pushmesh-grant+jwt";

/** One name, or all names that start with a prefix. */
export type GrantedName = string | { readonly prefix: string };

/** What a registration keeps of its grant. */
export interface HeldGrant {
  readonly jti: string;
  /** The key that signed it: a grant ends with its key. */
  readonly kid: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly aliases: readonly GrantedName[];
  readonly tags: readonly GrantedName[];
  /** Attributes that filters may trust. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A grant that was read; its signature is not verified yet. */
export interface ReadGrant {
  readonly jws: Jws;
  readonly held: HeldGrant;
  /** Whether it allows a registration; otherwise it only adds rights to one that stands without it. */
  readonly register: boolean;
  /** The device that it is for; null for any. */
  readonly device: string | null;
  /** The registration that it is for; null for any. */
  readonly regId: string | null;
}

const TIME_RULES: TimeRules = {
  ...{ issued: "iat", expires: "exp" },
  maxLifeSeconds: LIMITS.GRANT_MAX_AGE_SECONDS,
};

export const invalidGrant = (detail: string): Refused => ({
  ok: false,
  code: "grant_invalid",
  detail,
});

const utf8 = new TextEncoder();

/**
 * Reads a grant, and checks all that needs no key.
 *
 * @param now milliseconds since 1970
 */
export function readGrant(token: string, appId: string, now: number): ReadGrant | Refused {
  if (token.length > LIMITS.TOKEN_CHARS)
    return invalidGrant(`${token.length} characters, at most ${LIMITS.TOKEN_CHARS}`);
  try {
    const jws = readJws(token, Object.values(JWS_ALGORITHMS));
    const { typ, kid } = jws.header;
    if (typ !== TYP) return invalidGrant(`typ must be ${TYP}`);
    if (typeof kid !== "string" || parseKeyId(kid)?.appId !== appId)
      return invalidGrant("kid names no key of this app");
    return readClaims(jws, kid, now);
  } catch (error) {
    if (error instanceof JwsError) return invalidGrant(error.message);
    throw error;
  }
}

function readClaims(jws: Jws, kid: string, now: number): ReadGrant | Refused {
  const { payload } = jws;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    return invalidGrant("its payload is no object");
  const claims = payload as Readonly<Record<string, unknown>>;
  const { aud, iat, exp, jti, register = true, device = null, regId = null } = claims;
  const { aliases = [], tags = [], attributes = {} } = claims;
  if (aud !== "pushmesh") return invalidGrant('claim aud must be "pushmesh"');
  if (!isSeconds(iat)) return invalidGrant("claim iat must be whole seconds since 1970");
  if (!isSeconds(exp)) return invalidGrant("claim exp must be whole seconds since 1970");
  if (!isText(jti, LIMITS.GRANT_ID_CHARS))
    return invalidGrant(`claim jti must be 1 to ${LIMITS.GRANT_ID_CHARS} bytes of text`);
  if (typeof register !== "boolean") return invalidGrant("claim register must be true or false");
  if (!isOptionalText(device)) return invalidGrant("claim device must be a deviceId");
  if (!isOptionalText(regId)) return invalidGrant("claim regId must be a regId");
  if (!areNames(aliases, LIMITS.ALIAS_BYTES))
    return invalidGrant(namesWanted("aliases", LIMITS.ALIAS_BYTES));
  if (!areNames(tags, LIMITS.TAG_BYTES)) return invalidGrant(namesWanted("tags", LIMITS.TAG_BYTES));
  if (!areAttributes(attributes))
    return invalidGrant(
      `claim attributes must be an object of at most ${LIMITS.ATTRIBUTES} texts, names of at most ${LIMITS.ATTRIBUTE_NAME_BYTES} bytes, values of at most ${LIMITS.ATTRIBUTE_VALUE_BYTES}`,
    );
  const fault = timeFault({ issued: iat, expires: exp }, TIME_RULES, Math.floor(now / 1_000));
  if (fault !== undefined) {
    const code = fault.fault === "expired" ? "grant_expired" : "grant_invalid";
    return { ok: false, code, detail: fault.detail };
  }
  return { jws, held: { jti, kid, exp, aliases, tags, attributes }, register, device, regId };
}

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value);

const isText = (value: unknown, bytes: number): value is string =>
  typeof value === "string" &&
  value !== "" &&
  value.length <= bytes &&
  value.isWellFormed() &&
  utf8.encode(value).length <= bytes;

const isOptionalText = (value: unknown): value is string | null =>
  value === null || isText(value, LIMITS.TOKEN_CHARS);

/** A prefix may be empty: then all names are granted. */
const isName = (value: unknown, bytes: number): value is GrantedName => {
  if (typeof value !== "object" || value === null) return isText(value, bytes);
  const { prefix } = value as { readonly prefix?: unknown };
  return prefix === "" || isText(prefix, bytes);
};

const areNames = (value: unknown, bytes: number): value is GrantedName[] =>
  Array.isArray(value) &&
  value.length <= LIMITS.GRANT_NAMES &&
  value.every((name) => isName(name, bytes));

const namesWanted = (claim: string, bytes: number): string =>
  `claim ${claim} must be at most ${LIMITS.GRANT_NAMES} names or {"prefix": …}, each of at most ${bytes} bytes`;

const areAttributes = (value: unknown): value is Record<string, string> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= LIMITS.ATTRIBUTES &&
    entries.every(
      ([name, text]) =>
        isText(name, LIMITS.ATTRIBUTE_NAME_BYTES) &&
        (text === "" || isText(text, LIMITS.ATTRIBUTE_VALUE_BYTES)),
    )
  );
};

/** The last millisecond of a grant, since 1970; clocks may differ. */
export const lastsUntil = ({ exp }: Pick<HeldGrant, "exp">): number =>
  (exp + LIMITS.CLOCK_SKEW_SECONDS) * 1_000;

/** Whether a grant is over. @param now milliseconds since 1970 */
export const isOver = (grant: Pick<HeldGrant, "exp">, now: number): boolean =>
  now > lastsUntil(grant);

/** Whether a device may hold an alias, or join a tag, of this name by itself. */
export function mayUse(
  rules: readonly PrefixRule[],
  granted: readonly GrantedName[] = [],
  name: string,
): boolean {
  const rule = ruleFor(rules, name);
  if (rule !== "granted") return rule === "open";
  return granted.some((each) =>
    typeof each === "string" ? each === name : name.startsWith(each.prefix),
  );
}

/** Whether a key may sign grants and listen tokens. @param now milliseconds since 1970 */
export const mayGrant = ({ scopes, expiresAt }: KeyRights, now: number): boolean =>
  scopes.includes("grant") && (expiresAt === null || now < expiresAt);
