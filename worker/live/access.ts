/** Who may listen to a tag: decided by its root, and cached. */
import { Limiter } from "../../core/link/limiter.ts";
import type { Pass } from "../../core/live/access.ts";
import type { LiveAccess } from "../../core/tag/calls/live.ts";
import { tagIdOf } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { TimedCache } from "../cache.ts";
import { callInTime } from "../calls/objects.ts";
import { rootOf } from "../calls/tag-root.ts";
import type { MeshContext } from "../context.ts";
import { checkListenToken } from "./token.ts";

/** By app and tag ID. */
const accessCache = new TimedCache<LiveAccess>({
  ttlMs: LIMITS.TAG_CACHE_MS,
  count: LIMITS.TAG_CACHE_COUNT,
  now: () => Date.now(),
});

/**
 * Tags that were open when their root was last asked. Asking again uses none of the budget for unknown tags, so strangers who exhaust
 * it do not lock out listeners of real tags.
 */
const open = new TimedCache<true>({
  ttlMs: LIMITS.OPEN_TAG_CACHE_MS,
  count: LIMITS.TAG_CACHE_COUNT,
  now: () => Date.now(),
});

const keyOf = (app: string, tag: string): string => `${app}.${tagIdOf(app, tag)}`;

/** The budget of each app for asking roots of unknown tags. An evicted app starts with a full burst. */
const questions = new TimedCache<Limiter>({
  ttlMs: LIMITS.TAG_CACHE_MS * 6,
  count: LIMITS.APP_CACHE_COUNT,
  now: () => Date.now(),
});

/** @throws MeshError `overloaded` */
function requireQuestion(app: string): void {
  let limiter = questions.get(app);
  if (limiter === undefined) {
    limiter = new Limiter(LIMITS.LIVE_QUESTIONS_PER_SECOND, LIMITS.LIVE_QUESTIONS_BURST);
    questions.set(app, limiter);
  }
  const waitMs = limiter.take(Date.now());
  if (waitMs === 0) return;
  throw new MeshError("overloaded", "too many unknown tags without a token", {
    retryAfterMs: waitMs,
  });
}

/**
 * A tag that was never opened or closed requires a token.
 *
 * @param trusted whether a token of the app names the tag; without one, the tag may be made up
 */
async function accessOf(
  c: MeshContext,
  { app, tag, trusted }: { readonly app: string; readonly tag: string; readonly trusted: boolean },
): Promise<LiveAccess> {
  const key = keyOf(app, tag);
  const known = accessCache.get(key);
  if (known !== undefined) return known;
  if (!trusted && open.get(key) === undefined) requireQuestion(app);
  const info = await callInTime(() => rootOf(c, app, tag).info());
  const access = info?.live ?? "token";
  accessCache.set(key, access);
  if (access === "open") open.set(key, true);
  else open.delete(key);
  return access;
}

/** Evicts a tag that this isolate has just opened or closed. */
export const forgetAccess = (app: string, tag: string): void => accessCache.delete(keyOf(app, tag));

/**
 * @param token null if the caller has none; an invalid token is refused even if none is required
 * @returns how long the listener may stay; null if it showed no token
 * @throws MeshError `listen_token_invalid`, `live_closed`, or `overloaded` if too many callers without a token ask for unknown tags
 */
export async function requireAccess(
  c: MeshContext,
  { appId, app, tag }: { readonly appId: string; readonly app: string; readonly tag: string },
  token: string | null,
): Promise<Pass | null> {
  const pass = token === null ? null : await checkListenToken(c, token, appId, tag);
  const access = await accessOf(c, { app, tag, trusted: token !== null });
  if (access === "closed") throw new MeshError("live_closed");
  if (access === "token" && token === null) {
    throw new MeshError("listen_token_invalid", "no token was given, and the tag is not open");
  }
  return pass;
}
