/** What the policy or a grant would allow, and the app has taken back: grants that it revoked, and tags that it closed. */
import { sha256 } from "@noble/hashes/sha2.js";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { AppStore } from "./app.ts";

export interface Denial {
  readonly kind: "grant" | "tag";
  /** The tag, or the mark of the grant: see `grantMark`. */
  readonly name: string;
  /** When it may be forgotten, milliseconds since 1970; `NEVER_MS` for a tag. */
  readonly expiresAt: number;
}

/** The last time that there is. */
const NEVER_MS = 8_640_000_000_000_000;
/** Of a grant's jti: of 1,000 revoked grants of an app, another one is hit once in 10^18. */
const MARK_BYTES = 9;
const utf8 = new TextEncoder();

/** Stands for a grant in the list of revoked ones, which travels: short, whatever its jti is. */
export const grantMark = (jti: string): string =>
  toBase64Url(sha256(utf8.encode(jti)).subarray(0, MARK_BYTES));

const namesOf = (denials: readonly Denial[], kind: Denial["kind"]): string[] =>
  denials.filter((one) => one.kind === kind).map(({ name }) => name);

/** The denials as `AppTrust` has them. */
export const denied = (denials: readonly Denial[]) => ({
  revoked: namesOf(denials, "grant"),
  closedTags: namesOf(denials, "tag"),
});

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
  const standing = denied(denials).revoked.length - over.length;
  if (known === undefined && standing >= LIMITS.GRANTS_REVOKED) return "full";
  store.putDenial({ kind: "grant", name, expiresAt });
  if (known !== undefined) return false;
  change(store);
  return true;
}

/**
 * Forgets all revoked grants: those that are not over are valid again, unless the key that signed them was revoked. One row for each, and one more.
 *
 * @returns how many there were; null if there is no app
 */
export function forgetGrants(store: AppStore): number | null {
  if (store.app() === null) return null;
  const revoked = store.denials().filter(({ kind }) => kind === "grant");
  for (const one of revoked) store.removeDenial(one);
  if (revoked.length > 0) change(store);
  return revoked.length;
}

/**
 * Closes a tag for devices that would join it by themselves, or opens it again. Writes two rows, and none if it changes nothing.
 *
 * @returns false if it was so before, or there is no app; "full" at `LIMITS.TAGS_CLOSED`
 */
export function closeTag(store: AppStore, tag: string, isClosed: boolean): boolean | "full" {
  if (store.app() === null) return false;
  const { closedTags } = denied(store.denials());
  if (closedTags.includes(tag) === isClosed) return false;
  if (isClosed && closedTags.length >= LIMITS.TAGS_CLOSED) return "full";
  if (isClosed) store.putDenial({ kind: "tag", name: tag, expiresAt: NEVER_MS });
  else store.removeDenial({ kind: "tag", name: tag });
  change(store);
  return true;
}

function change(store: AppStore): void {
  const { policy, version } = store.trust();
  store.setTrust({ policy, version: version + 1 });
}
