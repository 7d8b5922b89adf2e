/** Who may listen to a tag, as its root says and the edge remembers for a while. */
import { tagIdOf } from "../../core/tag/name.ts";
import type { LiveAccess } from "../../core/tag/types.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { TimedCache } from "../cache.ts";
import type { MeshContext } from "../context.ts";
import { callObject } from "../objects.ts";
import { rootOf } from "../tag-root.ts";
import { checkListenToken } from "./token.ts";

/** By the tag's ID. */
const accessCache = new TimedCache<LiveAccess>({
  ttlMs: LIMITS.LIVE_CACHE_MS,
  count: LIMITS.DEPTH_CACHE_COUNT,
  now: Date.now,
});

/** A tag that nobody opened or closed is for those who have a token. */
async function accessOf(c: MeshContext, app: string, tag: string): Promise<LiveAccess> {
  const key = `${app}.${tagIdOf(app, tag)}`;
  const known = accessCache.get(key);
  if (known !== undefined) return known;
  const info = await callObject(() => rootOf(c, app, tag).info());
  const access = info?.live ?? "token";
  accessCache.set(key, access);
  return access;
}

/**
 * @param token null where the caller has none; one that is wrong is refused also where none is needed
 * @throws MeshError `listen_token_invalid` or `live_closed`
 */
export async function requireAccess(
  c: MeshContext,
  { appId, app, tag }: { readonly appId: string; readonly app: string; readonly tag: string },
  token: string | null,
): Promise<void> {
  if (token !== null) await checkListenToken(c, token, appId, tag);
  const access = await accessOf(c, app, tag);
  if (access === "closed") throw new MeshError("live_closed");
  if (access === "token" && token === null) {
    throw new MeshError("listen_token_invalid", "no token was given, and the tag is not open");
  }
}
