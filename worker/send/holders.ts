/** Who holds an alias, as this isolate last heard. Devices check it, so that an old answer only costs another question. */
import type { AliasHolders } from "../../core/alias/types.ts";
import { aliasObjectName } from "../../core/tag/name.ts";
import { LIMITS } from "../../schema/limits.ts";
import { TimedCache } from "../cache.ts";
import { wakeGuess } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";

/** Of this isolate, by the name of the alias's object. Aliases that nobody holds are not in it: they may be set any time. */
export const aliasCache = new TimedCache<AliasHolders>({
  ttlMs: LIMITS.ALIAS_CACHE_MS,
  count: LIMITS.ALIAS_CACHE_COUNT,
  weigh: ({ holders }) => holders.length,
  now: () => Date.now(),
});

/**
 * Asks the alias's object, and remembers who holds it.
 *
 * @param key of a message: who has taken it is told, too
 */
export async function askHolders(
  c: MeshContext,
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

/** The holders that this isolate knows of; undefined where it knows none. */
export const knownHolders = (appName: string, alias: string): AliasHolders | undefined =>
  aliasCache.get(aliasObjectName(appName, alias));

/** Drops what this isolate knows of an alias that it just changed. */
export const forgetHolders = (appName: string, alias: string): void =>
  aliasCache.delete(aliasObjectName(appName, alias));
