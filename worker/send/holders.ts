/** Caches the holders of aliases. Devices verify that they hold the alias, so a stale entry costs only another question. */
import type { AliasHolders } from "../../core/alias/types.ts";
import { aliasObjectName } from "../../core/tag/name.ts";
import { LIMITS } from "../../schema/limits.ts";
import { TimedCache } from "../cache.ts";
import { wakeGuess } from "../calls/objects.ts";
import type { CallContext } from "../context.ts";

/** By the name of the alias's object. Aliases that nobody holds are not cached: they may be set at any time. */
export const aliasCache = new TimedCache<AliasHolders>({
  ttlMs: LIMITS.ALIAS_CACHE_MS,
  count: LIMITS.ALIAS_CACHE_COUNT,
  weigh: ({ holders }) => holders.length,
  now: () => Date.now(),
});

/**
 * Asks the alias's object, and caches the holders.
 *
 * @param key of a message: the answer then also tells which holders have taken it
 */
export async function askHolders(
  c: CallContext,
  appName: string,
  alias: string,
  key?: Uint8Array,
): Promise<AliasHolders> {
  const name = aliasObjectName(appName, alias);
  const answer = await wakeGuess(
    c,
    name,
    () => c.env.ALIASES.getByName(name).holders(key),
    ({ holders }) => holders.length === 0,
  );
  const { taken: _, ...lasting } = answer;
  if (lasting.holders.length > 0) aliasCache.set(name, lasting);
  else aliasCache.delete(name);
  return answer;
}

/** The cached holders; undefined if there are none. */
export const knownHolders = (appName: string, alias: string): AliasHolders | undefined =>
  aliasCache.get(aliasObjectName(appName, alias));

/** Evicts an alias that this isolate has just changed. */
export const forgetHolders = (appName: string, alias: string): void =>
  aliasCache.delete(aliasObjectName(appName, alias));
