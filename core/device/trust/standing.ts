/** What a registration keeps of its app's last decision about it. */
import type { Lapse } from "../../app/admission.ts";
import { type HeldGrant, isOver, lastsUntil } from "../../app/grant.ts";

/** Plain data, stored in the registration's row. */
export interface Standing {
  /** The version of the app's policy and keys that it was decided by; see `StoredTrust.version`. */
  readonly version: number;
  /** Null if it stands without a grant. */
  readonly grant: HeldGrant | null;
  /** Why it receives nothing. That its grant is over is not stored: `lapseOf` sees it. */
  readonly lapsed: Lapse | null;
}

/** Of a registration of a version without grants, and of one of an app that never had a policy. */
export const NO_STANDING: Standing = { version: 0, grant: null, lapsed: null };

/** Why a registration receives nothing until its grant is renewed; null if it may. */
export function lapseOf({ lapsed, grant }: Standing, now: number): Lapse | null {
  if (lapsed !== null) return lapsed;
  return grant !== null && isOver(grant, now) ? "grant_expired" : null;
}

/** Until when it may receive, as far as its grant goes; milliseconds since 1970. */
export const lapsesAt = ({ grant }: Standing): number =>
  grant === null ? Number.POSITIVE_INFINITY : lastsUntil(grant);

/** Whether two are the same. */
export const isSame = (a: Standing, b: Standing): boolean =>
  JSON.stringify([a.version, a.grant, a.lapsed]) === JSON.stringify([b.version, b.grant, b.lapsed]);
