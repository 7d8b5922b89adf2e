/** Authenticates app servers: verifies the signature with the key that it names, or the send token, and finds the app of the key. */
import { openAppId, parseKeyId } from "../../core/identity/app-id.ts";
import { parseSendToken } from "../../core/identity/send-token.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { callObject } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";
import { isolateTime } from "../loads.ts";
import { requireConfidential } from "../request/confidential.ts";
import { AppCache } from "./app-cache.ts";
import { type AppVerifier, type LoadedApp, loadApp } from "./keys.ts";
import { type Verified, verifyRequest } from "./verify.ts";

const NOTHING = new Uint8Array();
/** Of the number that takes the place of a signature: as many as an HMAC has. */
const UNIQUE_BYTES = 32;

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
  const findSigner = async (keyId: string): Promise<AppVerifier> => {
    const verifier = await findKey(c, keyId);
    if (verifier === undefined || verifier.algorithm === "bearer")
      throw new MeshError("key_unknown");
    return verifier;
  };
  return verifyRequest(c.req.raw, findSigner, c.get("receivedAt"));
}

async function findKey(c: MeshContext, keyId: string): Promise<AppVerifier | undefined> {
  const appId = parseKeyId(keyId)?.appId;
  return appId === undefined ? undefined : (await findApp(c, appId, keyId))?.keys.get(keyId);
}

/**
 * Verifies a send token. Nothing is signed, so what makes the request one is a number of its own.
 *
 * @throws MeshError `send_token_exposed`, `send_token_invalid`
 */
export async function authenticateToken(
  c: MeshContext,
  token: string,
): Promise<Verified<AppVerifier>> {
  requireConfidential(c);
  const parsed = parseSendToken(token);
  if (parsed === undefined) throw new MeshError("send_token_invalid");
  const { keyId, secret } = parsed;
  const verifier = await findKey(c, keyId).catch((error: unknown) => {
    // An appId of another mesh: as any other token that is not of this one.
    if (error instanceof MeshError && error.code === "key_unknown") return undefined;
    throw error;
  });
  const isRight = verifier?.algorithm === "bearer" && (await verifier.verify(secret, NOTHING));
  if (verifier === undefined || !isRight) throw new MeshError("send_token_invalid");
  const signature = crypto.getRandomValues(new Uint8Array(UNIQUE_BYTES));
  return { verifier, nonce: toBase64Url(signature), signature };
}
