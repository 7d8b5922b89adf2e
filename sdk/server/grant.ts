/** Grants (docs/protocol.md, section 5): what a device may do with an app of this server. */
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
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
const utf8 = new TextEncoder();

/** @throws PushServerError `option_invalid` */
export async function makeGrant(calls: SignedCalls, options: GrantOptions): Promise<string> {
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
