/** What the policy or a grant would allow, and the app has taken back: grants that it revoked. */
import { sha256 } from "@noble/hashes/sha2.js";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { AppStore } from "./app.ts";

export interface Denial {
  readonly kind: "grant";
  /** Of a grant, its mark: see `grantMark`. */
  readonly name: string;
  /** When it may be forgotten, milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Of a grant's jti: of 1,000 revoked grants of an app, another one is hit once in 10^18. */
const MARK_BYTES = 9;
const utf8 = new TextEncoder();

/** Stands for a grant in the list of revoked ones, which travels: short, whatever its jti is. */
export const grantMark = (jti: string): string =>
  toBase64Url(sha256(utf8.encode(jti)).subarray(0, MARK_BYTES));

/** The marks of the grants that are revoked. */
export const revokedIn = (denials: readonly Denial[]): string[] =>
  denials.filter(({ kind }) => kind === "grant").map(({ name }) => name);

/**
 * Revokes a grant. Writes two rows, one if that only lasts longer than before, and none if it changes nothing.
 *
 * @param expiresAt when the grant is over for every clock, milliseconds since 1970
 * @returns false if it was revoked before; null if there is no app; "full" at `LIMITS.GRANTS_REVOKED`
 */
export function revokeGrant(
  store: AppStore,
  { jti, expiresAt }: { readonly jti: string; readonly expiresAt: number },
  now: number,
): boolean | "full" | null {
  if (store.app() === null) return null;
  const name = grantMark(jti);
  const denials = store.denials();
  const known = denials.find((one) => one.kind === "grant" && one.name === name);
  if (known !== undefined && known.expiresAt >= expiresAt) return false;
  const over = denials.filter((one) => one !== known && one.expiresAt <= now);
  for (const one of over) store.removeDenial(one);
  const standing = revokedIn(denials).length - over.length;
  if (known === undefined && standing >= LIMITS.GRANTS_REVOKED) return "full";
  store.putDenial({ kind: "grant", name, expiresAt });
  if (known !== undefined) return false;
  const { policy, version } = store.trust();
  store.setTrust({ policy, version: version + 1 });
  return true;
}
