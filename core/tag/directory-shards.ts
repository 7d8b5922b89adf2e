/**
 * The directory of an app in several objects: each tag reports to one of them, by a hash of its name. One object takes a few
 * hundred reports a second; an app whose ten thousand tags move sends a thousand.
 */
import { byOrder, type TagPage, type TagQuery, writeCursor } from "./directory.ts";
import { tagIdOf } from "./name.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Names of an app's directory objects; the first is the app's own name, which was the only one before there were several. */
export const directoryNames = (app: string, shards: number): string[] =>
  Array.from({ length: shards }, (_, shard) => (shard === 0 ? app : `${app}.${shard}`));

/**
 * Name of the directory object that a tag reports to.
 *
 * @param app base64url of the app's 8 bytes
 */
export function directoryNameOf(app: string, tag: string, shards: number): string {
  // A tag's ID is a hash in base64url: its first digit is uniform.
  const shard = DIGITS.indexOf(tagIdOf(app, tag).charAt(0)) % shards;
  return directoryNames(app, shards)[shard] ?? app;
}

/**
 * One page of all shards' pages of the same query: a cursor is a place in the order, and means the same to each.
 *
 * @param pages null for a shard that does not take the cursor
 */
export function mergePages(pages: readonly (TagPage | null)[], query: TagQuery): TagPage | null {
  const all = pages.flatMap((page) => page?.tags ?? []).sort(byOrder(query));
  if (pages.includes(null)) return null;
  const tags = all.slice(0, query.limit);
  const last = tags.at(-1);
  const isMore = all.length > tags.length || pages.some((page) => page?.next != null);
  return { tags, next: isMore && last !== undefined ? writeCursor(last, query) : null };
}
