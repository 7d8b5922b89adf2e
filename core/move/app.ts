/** Converts the stored state of an app to a line of an export, and back. */
import type { AppLine } from "../../schema/export.ts";
import type { AppStore } from "../app/app.ts";

/**
 * @returns null for an app that was never created
 * @throws Error if a secret cannot be opened with the mesh keys
 */
export function readApp(appId: string, store: AppStore): AppLine | null {
  const app = store.app();
  if (app === null) return null;
  const trust = store.trust();
  const quota = store.quota();
  const keys = store.keys().map(({ material, scopes, ...key }) => {
    // An export without it would lose the key for good, and one with what is stored would be no secret of another mesh.
    if (material === null) {
      throw new Error(`key ${key.n} of app ${appId} was sealed with a mesh key that is missing`);
    }
    return { ...key, material, scopes: [...scopes] };
  });
  return {
    kind: "app",
    appId,
    ...app,
    keysMade: store.keysMade(),
    keys,
    liveKey: store.liveKey(),
    policy: trust.policy,
    trustVersion: trust.version,
    denials: [...store.denials()],
    quota: quota && { perSecond: quota.perSecond, burst: quota.burst },
  };
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
