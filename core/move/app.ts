/** Converts the stored state of an app to a line of an export, and back. */
import type { AppLine } from "../../schema/export.ts";
import type { AppStore, LiveKey } from "../app/app.ts";
import { quotaOf } from "../app/quota.ts";
import { formatKeyId } from "../identity/app-id.ts";
import { SealedSecretError } from "../identity/stored-secrets.ts";

/** A secret that no mesh key opens: the key that sealed it was taken out of `MESH_KEYS`. It is not in the export. */
export interface LostSecret {
  readonly appId: string;
  /** Null for the live key. */
  readonly keyId: string | null;
}

type OnLost = (lost: LostSecret) => void;

/**
 * @param onLost is told each secret that cannot be opened; the others, and all else, are read
 * @returns null for an app that was never created
 */
export function readApp(appId: string, store: AppStore, onLost: OnLost): AppLine | null {
  const app = store.app();
  if (app === null) return null;
  const trust = store.trust();
  const quota = store.quota();
  const keys = store.keys().flatMap(({ material, scopes, ...key }) => {
    if (material !== null) return [{ ...key, material, scopes: [...scopes] }];
    // It verifies nothing here either, and what is stored of it would be no secret of another mesh.
    onLost({ appId, keyId: formatKeyId(appId, key.n) });
    return [];
  });
  return {
    kind: "app",
    appId,
    ...app,
    keysMade: store.keysMade(),
    keys,
    liveKey: liveKeyIn(appId, store, onLost),
    policy: trust.policy,
    trustVersion: trust.version,
    denials: [...store.denials()],
    quota: quota && quotaOf(quota),
  };
}

function liveKeyIn(appId: string, store: AppStore, onLost: OnLost): LiveKey | null {
  try {
    return store.liveKey();
  } catch (error) {
    if (!(error instanceof SealedSecretError)) throw error;
    onLost({ appId, keyId: null });
    return null;
  }
}

/** @throws Error if the store has an app already */
export function writeApp(
  store: AppStore,
  {
    appId,
    name,
    createdAt,
    keysMade,
    keys,
    liveKey,
    policy,
    trustVersion,
    denials,
    quota,
  }: AppLine,
): void {
  if (store.app() !== null) throw new Error(`app ${appId} is there already`);
  store.setApp({ name, createdAt });
  store.putKeys(keys, keysMade);
  if (liveKey !== null) store.setLiveKey(liveKey);
  if (policy !== null || trustVersion > 0) store.setTrust({ policy, version: trustVersion });
  for (const denial of denials) store.putDenial(denial);
  // The bucket starts full: the file does not say what was spent last.
  if (quota !== null) store.setQuota({ ...quota, fullAt: 0, leasedUntil: 0 });
}
