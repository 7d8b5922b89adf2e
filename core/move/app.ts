/** Converts the stored state of an app to a line of an export, and back. */
import type { AppLine } from "../../schema/export.ts";
import type { AppStore } from "../app/app.ts";

/** @returns null for an app that was never created */
export function readApp(appId: string, store: AppStore): AppLine | null {
  const app = store.app();
  if (app === null) return null;
  const trust = store.trust();
  const keys = store.keys().map((key) => ({ ...key, scopes: [...key.scopes] }));
  return {
    kind: "app",
    appId,
    ...app,
    keysMade: store.keysMade(),
    keys,
    liveKey: store.liveKey(),
    policy: trust.policy,
    trustVersion: trust.version,
  };
}

/** @throws Error if the store has an app already */
export function writeApp(
  store: AppStore,
  { appId, name, createdAt, keysMade, keys, liveKey, policy, trustVersion }: AppLine,
): void {
  if (store.app() !== null) throw new Error(`app ${appId} is there already`);
  store.setApp({ name, createdAt });
  store.putKeys(keys, keysMade);
  if (liveKey !== null) store.setLiveKey(liveKey);
  if (policy !== null || trustVersion > 0) store.setTrust({ policy, version: trustVersion });
}
