/** Decides what a registration may do: by the policy of its app and its grant. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { Refused } from "../message/refusal.ts";
import type { AppTrust } from "../trust/app-trust.ts";
import type { AppPolicy } from "../trust/policy.ts";
import { grantMark } from "./denials.ts";
import { type HeldGrant, invalidGrant, isOver, type ReadGrant } from "./grant.ts";

/** From a device to its app's object: it registers, renews its grant, or what it may do has to be checked again. */
export interface AdmitRequest {
  /** Name of the device's object: its deviceId. */
  readonly device: string;
  /** Of the registration that stands; null for a new one. */
  readonly regId: string | null;
  /** The grant that the device presents now; null for none. */
  readonly grant: string | null;
  /** The grant of the registration that stands; null for none. */
  readonly held: HeldGrant | null;
  /**
   * What the device asks for. `register`: a registration, refused if it may not have one. `renew`: the same, of one that stands.
   * `check`: nothing; the answer says whether the registration is lapsed.
   */
  readonly kind: "register" | "renew" | "check";
}

/** Why a registration receives nothing until its grant is renewed. */
export type Lapse = Extract<ErrorCode, "grant_required" | "grant_expired" | "grant_invalid">;

export interface Admitted {
  readonly ok: true;
  /** See `StoredTrust.version`: what was decided holds for this version. */
  readonly trustVersion: number;
  readonly policy: NamePolicy;
  readonly grant: HeldGrant | null;
  /** Null if the registration may receive. */
  readonly lapsed: Lapse | null;
}

/** Which names the registration may use. */
export interface NamePolicy extends Pick<AppPolicy, "alias" | "tag"> {
  /** See `AppTrust`. Absent from an object of an older version. */
  readonly closedTags?: readonly string[];
}

export type AdmitAnswer = Admitted | Refused;

interface Judge {
  readonly policy: AppPolicy;
  readonly version: number;
  /** Whether this key may sign grants now. */
  readonly mayGrant: (keyId: string) => boolean;
  /** See `AppTrust`. */
  readonly revoked: readonly string[];
  readonly closedTags: readonly string[];
}

/**
 * @param presented the grant in the request, verified; null for none
 * @param now milliseconds since 1970
 */
export function admit(
  app: Judge,
  { device, regId, held, kind }: Omit<AdmitRequest, "grant">,
  presented: ReadGrant | null,
  now: number,
): AdmitAnswer {
  const { policy } = app;
  if (presented !== null) {
    const isForOther = presented.device !== null && presented.device !== device;
    if (isForOther) return invalidGrant("claim device names another device");
    if (presented.regId !== null && presented.regId !== regId)
      return invalidGrant("claim regId names another registration");
    if (isRevoked(presented.held, app)) return invalidGrant("it was revoked");
    if (!presented.register && policy.register !== "open")
      return { ok: false, code: "not_granted", detail: "claim register is false" };
  }
  if (regId === null && policy.register === "server")
    return { ok: false, code: "not_granted", detail: "the policy lets no device register" };
  const answer = judged(app, presented?.held ?? held, now);
  if (answer.lapsed === null || kind === "check") return answer;
  // Whoever registers an open app again without a grant gives up what its last one allowed.
  if (kind === "register" && presented === null && policy.register === "open")
    return { ...answer, grant: null, lapsed: null };
  return { ok: false, code: answer.lapsed };
}

/** What a registration that stands may do. @param now milliseconds since 1970 */
export const judge = (
  { keys, ...trust }: AppTrust,
  held: HeldGrant | null,
  now: number,
): Admitted => judged({ ...trust, mayGrant: (keyId) => keys.includes(keyId) }, held, now);

const isRevoked = ({ jti }: HeldGrant, { revoked }: Judge): boolean =>
  revoked.length > 0 && revoked.includes(grantMark(jti));

function judged(app: Judge, grant: HeldGrant | null, now: number): Admitted {
  const { alias, tag } = app.policy;
  const policy = { alias, tag, closedTags: app.closedTags };
  const lapsed = lapseOf(grant, app, now);
  return { ok: true, trustVersion: app.version, policy, grant, lapsed };
}

function lapseOf(grant: HeldGrant | null, app: Judge, now: number): Lapse | null {
  if (grant === null) return app.policy.register === "open" ? null : "grant_required";
  if (!app.mayGrant(grant.kid) || isRevoked(grant, app)) return "grant_invalid";
  return isOver(grant, now) ? "grant_expired" : null;
}
