/** Who signed a request: the signature, the key it names, and the app that key belongs to. */
import { openAppId, parseKeyId } from "../../core/identity/app-id.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { callObject } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";
import { isolateTime } from "../loads.ts";
import { AppCache } from "./app-cache.ts";
import { type AppVerifier, type LoadedApp, loadApp } from "./keys.ts";
import { type Verified, verifyRequest } from "./verify.ts";

/** The records of this isolate. */
export const appCache = new AppCache({
  ttlMs: LIMITS.APP_CACHE_MS,
  refreshMs: LIMITS.APP_REFRESH_MS,
  missTtlMs: LIMITS.APP_MISS_CACHE_MS,
  reloadMs: LIMITS.APP_RELOAD_MS,
  count: LIMITS.APP_CACHE_COUNT,
  ...isolateTime,
});

/** Asks the AppObject; throws at once for an appId that this mesh did not make. */
function fetchApp(c: MeshContext, appId: string): Promise<LoadedApp | null> {
  const app = openAppId(c.get("config").keyring, appId);
  if (app === undefined) throw new MeshError("key_unknown");
  const load = callObject(async () => {
    const record = await c.env.APPS.getByName(appId).record();
    return record === null ? null : await loadApp(record, app, c.env.CRYPTO);
  });
  // Other requests may wait for this load: it must end even when the client of this one has gone.
  c.executionCtx.waitUntil(load.catch(() => null));
  return load;
}

/**
 * An app and its sending keys, from the cache where it is there.
 *
 * @param keyId a key that is looked for: an app that lacks it is loaded again, now and then
 * @returns null where there is no such app
 * @throws MeshError `key_unknown` for an appId that this mesh did not make
 */
export const findApp = (c: MeshContext, appId: string, keyId: string): Promise<LoadedApp | null> =>
  appCache.get(appId, keyId, () => fetchApp(c, appId));

/**
 * Verifies the signature of a request. The only object it may touch is the AppObject of an appId that this mesh
 * made, and not that one while the record is cached.
 *
 * @throws MeshError `signature_*` or `key_unknown`.
 */
export function authenticate(c: MeshContext): Promise<Verified<AppVerifier>> {
  const findKey = async (keyId: string): Promise<AppVerifier> => {
    const appId = parseKeyId(keyId)?.appId;
    if (appId === undefined) throw new MeshError("key_unknown");
    const verifier = (await findApp(c, appId, keyId))?.get(keyId);
    if (verifier === undefined) throw new MeshError("key_unknown");
    return verifier;
  };
  return verifyRequest(c.req.raw, findKey, c.get("receivedAt"));
}
