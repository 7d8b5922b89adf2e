/** Signs broadcasts for live listeners with the app's live key (docs/api.md, Live listeners). */
import type { LiveKey } from "../../core/app/app.ts";
import { sealAppId } from "../../core/identity/app-id.ts";
import type { BroadcastRequest } from "../../core/tag/calls/broadcast.ts";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";
import { liveSignedBytes } from "../../schema/live.ts";
import { fromBase64Url } from "../../schema/text.ts";
import { callObject } from "../calls/objects.ts";
import type { CallContext } from "../context.ts";
import { isolateTime, Loads } from "../loads.ts";
import type { Sign } from "../signature/crypto.ts";

interface Signer extends LiveKey {
  readonly sign: Sign;
}

/** By appId. A live key never changes, so entries do not expire; the oldest is evicted first. */
const signers = new BoundedMap<string, Signer>(LIMITS.APP_CACHE_COUNT);
/** A missing app is not cached: it may be created at any time. */
const loads = new Loads<Signer | null>(isolateTime, (appId, signer) => {
  if (signer !== null) signers.set(appId, signer);
});

async function load(c: CallContext, appId: string): Promise<Signer | null> {
  const key = await callObject(() => c.env.APPS.getByName(appId).liveKey());
  return key === null ? null : { ...key, sign: await c.env.CRYPTO.signer(key) };
}

/** The app's live key, ready to sign; null if there is no such app. */
export async function liveSigner(c: CallContext, appId: string): Promise<Signer | null> {
  const known = signers.get(appId);
  if (known !== undefined) return known;
  return loads.get(appId, () => {
    const loading = load(c, appId);
    // Other requests may wait for this load, so it must not be cancelled with this one.
    c.executionCtx.waitUntil(loading.catch(() => null));
    return loading;
  });
}

/** @returns null if the app no longer exists */
export async function signLive(
  c: CallContext,
  { app, cover, key, contentType, data }: Omit<BroadcastRequest, "signature">,
): Promise<Uint8Array | null> {
  const appId = sealAppId(c.get("config").keyring, fromBase64Url(app) ?? new Uint8Array());
  const signer = await liveSigner(c, appId);
  if (signer === null) return null;
  return await signer.sign(liveSignedBytes({ appId, tag: cover[0] ?? "", key, contentType, data }));
}
