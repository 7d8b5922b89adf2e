/**
 * The directory of an app, sharded over several objects: each tag reports to one of them, by a hash of its name. One object handles a few
 * hundred reports a second; an app with ten thousand tags that change sends a thousand.
 */
import { tagIdOf } from "../name.ts";
import {
  byOrder,
  TagDirectory,
  type TagDirectoryStore,
  type TagPage,
  type TagQuery,
  type TagReport,
  writeCursor,
} from "./directory.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Names of an app's directory objects. The first is the app's own name, which was the only one before there were shards. */
export const directoryNames = (app: string, shards: number): string[] =>
  Array.from({ length: shards }, (_, shard) => (shard === 0 ? app : `${app}.${shard}`));

/**
 * Name of the directory object that a tag reports to.
 *
 * @param app base64url of the app's 8 bytes
 */
export function directoryNameOf(app: string, tag: string, shards: number): string {
  // A tag's ID is a hash in base64url, so its first digit is uniform.
  const shard = DIGITS.indexOf(tagIdOf(app, tag).charAt(0)) % shards;
  return directoryNames(app, shards)[shard] ?? app;
}

/**
 * Name of the directory object that records a signed change of the app.
 *
 * @param id of the change; its first digit is uniform
 */
export const changesNameOf = (app: string, id: string, shards: number): string =>
  directoryNames(app, shards)[DIGITS.indexOf(id.charAt(0)) % shards] ?? app;

/**
 * Records the report of a tag. Before there were shards, the first object had all tags: the entry of a tag that is new here is removed
 * there first, so that no tag is listed twice, even if a report fails halfway and is repeated.
 *
 * @param first reports to the first of the app's objects; null if this is the first
 */
export async function reportToShard(
  store: TagDirectoryStore,
  report: TagReport,
  first: ((report: TagReport) => Promise<void>) | null,
): Promise<void> {
  const { tag } = report;
  if (first !== null && store.read(tag) === null) {
    await first({ tag, members: 0, listeners: 0, lastBroadcastAt: null });
  }
  new TagDirectory({ store }).report(report);
}

/**
 * Merges the shards' pages of one query. A cursor is a place in the order, so it means the same to all shards.
 *
 * @param pages null for a shard that rejects the cursor
 */
export function mergePages(pages: readonly (TagPage | null)[], query: TagQuery): TagPage | null {
  const all = pages.flatMap((page) => page?.tags ?? []).sort(byOrder(query));
  if (pages.includes(null)) return null;
  const tags = all.slice(0, query.limit);
  const last = tags.at(-1);
  const isMore = all.length > tags.length || pages.some((page) => page?.next != null);
  return { tags, next: isMore && last !== undefined ? writeCursor(last, query) : null };
}
