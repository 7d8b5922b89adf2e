/** Authenticates signed requests: verifies the signature with the key that it names, and finds the app of the key. */
import { openAppId, parseKeyId } from "../../core/identity/app-id.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { callObject } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";
import { isolateTime } from "../loads.ts";
import { AppCache } from "./app-cache.ts";
import { type AppVerifier, type LoadedApp, loadApp } from "./keys.ts";
import { type Verified, verifyRequest } from "./verify.ts";

export const appCache = new AppCache({
  ttlMs: LIMITS.APP_CACHE_MS,
  refreshMs: LIMITS.APP_REFRESH_MS,
  missTtlMs: LIMITS.APP_MISS_CACHE_MS,
  reloadMs: LIMITS.APP_RELOAD_MS,
  count: LIMITS.APP_CACHE_COUNT,
  ...isolateTime,
});

/** Asks the AppObject. Throws synchronously for an appId that this mesh did not issue. */
function fetchApp(c: MeshContext, appId: string): Promise<LoadedApp | null> {
  const app = openAppId(c.get("config").keyring, appId);
  if (app === undefined) throw new MeshError("key_unknown");
  const load = callObject(async () => {
    const record = await c.env.APPS.getByName(appId).record();
    return record === null ? null : await loadApp(record, app, c.env.CRYPTO, Date.now());
  });
  // Other requests may wait for this load, so it must not be cancelled with this one.
  c.executionCtx.waitUntil(load.catch(() => null));
  return load;
}

/**
 * Finds an app and its keys, in the cache if possible.
 *
 * @param keyId see `AppCache.get`
 * @returns null if there is no such app
 * @throws MeshError `key_unknown` for an appId that this mesh did not issue
 */
export const findApp = (c: MeshContext, appId: string, keyId: string): Promise<LoadedApp | null> =>
  appCache.get(appId, keyId, () => fetchApp(c, appId));

/**
 * Verifies the signature of a request. Calls no object but the AppObject of an appId that this mesh issued, and that only if the record
 * is not cached.
 *
 * @throws MeshError `signature_*` or `key_unknown`
 */
export function authenticate(c: MeshContext): Promise<Verified<AppVerifier>> {
  const findKey = async (keyId: string): Promise<AppVerifier> => {
    const appId = parseKeyId(keyId)?.appId;
    if (appId === undefined) throw new MeshError("key_unknown");
    const verifier = (await findApp(c, appId, keyId))?.keys.get(keyId);
    if (verifier === undefined) throw new MeshError("key_unknown");
    return verifier;
  };
  return verifyRequest(c.req.raw, findKey, c.get("receivedAt"));
}
