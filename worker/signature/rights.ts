/** What a key may sign, and until when. */
import type { KeyRights } from "../../core/app/app.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import type { Scope } from "../../schema/http/enums.ts";

interface RightsFault {
  readonly code: ErrorCode & ("key_expired" | "scope_missing");
  readonly detail: string;
}

/**
 * What is wrong with a signature by this key, which is verified already: nobody without the key learns its rights.
 *
 * @param wanted the key must have one of these
 * @param now milliseconds since 1970
 */
export function rightsFault(
  { scopes, expiresAt }: KeyRights,
  wanted: readonly Scope[],
  now: number,
): RightsFault | undefined {
  if (expiresAt !== null && now >= expiresAt) {
    const detail = `the key expired at ${new Date(expiresAt).toISOString()}`;
    return { code: "key_expired", detail };
  }
  if (wanted.some((scope) => scopes.includes(scope))) return undefined;
  const detail = `the key needs the scope ${wanted.join(" or ")}; it has ${scopes.join(", ")}`;
  return { code: "scope_missing", detail };
}
