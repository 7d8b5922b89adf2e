/** An app's rows as the edge sees them. */
import { ALL_RIGHTS, type StoredApp, type StoredKey } from "../../core/app/app.ts";
import { type Denial, denied } from "../../core/app/denials.ts";
import { mayGrant } from "../../core/app/grant.ts";
import type { Quota } from "../../core/app/quota.ts";
import { formatKeyId } from "../../core/identity/app-id.ts";
import type { AppTrust } from "../../core/trust/app-trust.ts";
import { OPEN_POLICY, type StoredTrust } from "../../core/trust/policy.ts";
import type { AppKey, AppRecord } from "../interfaces/rpc.ts";

export function appKey(appId: string, { n, ...key }: StoredKey): AppKey {
  return { keyId: formatKeyId(appId, n), ...key };
}

/**
 * What an app trusts, as devices judge by it. An object of an older version leaves out what was added since.
 *
 * @param now milliseconds since 1970
 */
export function appTrust(
  {
    policy = OPEN_POLICY,
    trustVersion = 0,
    keys,
    revoked = [],
    closedTags = [],
  }: Partial<AppRecord> & Pick<AppRecord, "keys">,
  now: number,
): AppTrust {
  const good = keys.filter((key) => mayGrant({ ...ALL_RIGHTS, ...key }, now));
  return {
    version: trustVersion,
    policy,
    keys: good.map(({ keyId }) => keyId),
    revoked,
    closedTags,
  };
}

export function appRecord(
  appId: string,
  app: StoredApp,
  keys: readonly StoredKey[],
  { policy, version }: StoredTrust,
  denials: readonly Denial[],
  quota: Quota | null,
): AppRecord {
  return {
    ...{ appId, ...app, keys: keys.map((key) => appKey(appId, key)) },
    ...{ policy: policy ?? OPEN_POLICY, trustVersion: version, ...denied(denials), quota },
  };
}
