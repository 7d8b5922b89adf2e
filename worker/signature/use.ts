/** Tells an app's object when its keys are used, so that an operator sees which ones can be revoked. */
import { parseKeyId } from "../../core/identity/app-id.ts";
import { LIMITS } from "../../schema/limits.ts";
import { callObject } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";
import type { AppVerifier } from "./keys.ts";

/**
 * Notes that a signature by a key was verified. Costs one call of the app's object in `LIMITS.KEY_USE_MS` for a key, after the answer;
 * an edge that has loaded the app since knows of those of others.
 */
export function noteUse(c: MeshContext, key: AppVerifier): void {
  const now = c.get("receivedAt");
  if (Math.abs(now - (key.lastUsedAt ?? 0)) < LIMITS.KEY_USE_MS) return;
  const appId = parseKeyId(key.keyId)?.appId;
  if (appId === undefined) return;
  key.lastUsedAt = now;
  // Nobody waits for it, and nobody is refused if it fails: an object of an older version does not know it.
  const noted = callObject(() => c.env.APPS.getByName(appId).keyUsed(key.keyId, now));
  c.executionCtx.waitUntil(noted.catch(() => {}));
}
