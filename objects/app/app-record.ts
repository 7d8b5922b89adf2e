/** An app's rows as the edge sees them. */
import type { StoredApp, StoredKey } from "../../core/app/app.ts";
import { OPEN_POLICY, type StoredTrust } from "../../core/app/policy.ts";
import type { Quota } from "../../core/app/quota.ts";
import { formatKeyId } from "../../core/identity/app-id.ts";
import type { AppKey, AppRecord } from "../interfaces/rpc.ts";

export function appKey(appId: string, { n, ...key }: StoredKey): AppKey {
  return { keyId: formatKeyId(appId, n), ...key };
}

export function appRecord(
  appId: string,
  app: StoredApp,
  keys: readonly StoredKey[],
  { policy, version }: StoredTrust,
  quota: Quota | null,
): AppRecord {
  return {
    ...{ appId, ...app, keys: keys.map((key) => appKey(appId, key)) },
    ...{ policy: policy ?? OPEN_POLICY, trustVersion: version, quota },
  };
}
