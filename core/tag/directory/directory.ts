/**
 * The tags of one app, as their roots told of them last. Pages are found by where the page before ended (its sort key and
 * tag), not by counting rows, so that a tag that does not move is listed once while others come, go and move.
 */
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";

/** What the root of a tag tells its app's directory. */
export interface TagReport {
  /** Empty for the built-in tag of all devices. */
  readonly tag: string;
  readonly members: number;
  readonly listeners: number;
  /** Milliseconds since 1970; null for never. */
  readonly lastBroadcastAt: number | null;
}

export type TagSort = "tag" | "members" | "lastBroadcastAt";

/** Filters and order of a page of the directory. */
export interface TagQuery {
  /** Compared byte by byte, as UTF-8. */
  readonly prefix: string;
  readonly minMembers: number | null;
  readonly maxMembers: number | null;
  /** Milliseconds since 1970, inclusive. A tag that never had a broadcast is neither before nor after any time. */
  readonly broadcastAfter: number | null;
  readonly broadcastBefore: number | null;
  /** Tags in byte order of their UTF-8; equals of another sort by tag; never broadcast counts as before all times. */
  readonly sort: TagSort;
  /** The whole order reversed, that of equals too. */
  readonly descending: boolean;
  readonly limit: number;
  /** Of the page before; null for the first. */
  readonly cursor: string | null;
}

export interface TagPage {
  readonly tags: readonly TagReport[];
  /** Null at the end. */
  readonly next: string | null;
}

/** Where a page begins: behind the tag that has this place in the order. */
interface TagPlace {
  /** What is sorted by: members, or milliseconds since 1970 (0 for never); 0 where it is the tag alone. */
  readonly value: number;
  readonly tag: string;
}

/** What a store looks for: tags from `from` on and before `to`, in the query's order, after a place in it. */
export interface TagSelection extends Omit<TagQuery, "prefix" | "cursor"> {
  readonly from: string;
  /** Null for no end. */
  readonly to: string | null;
  readonly after: TagPlace | null;
}

/** What a directory keeps durably, as a port. Every method is synchronous; see core/device/store.ts. */
export interface TagDirectoryStore {
  read(tag: string): TagReport | null;
  /** One row, new or in place of the tag's. */
  put(report: TagReport): void;
  remove(tag: string): void;
  select(selection: TagSelection): TagReport[];
  /** All of them, in order of tag. */
  all(): Iterable<TagReport>;
}

export class TagDirectory {
  readonly #store: TagDirectoryStore;

  constructor({ store }: { readonly store: TagDirectoryStore }) {
    this.#store = store;
  }

  /** No row where nothing changed. A tag with no members, no listeners and no broadcast ever is forgotten. */
  report(report: TagReport): void {
    const known = this.#store.read(report.tag);
    const { members, listeners, lastBroadcastAt } = report;
    if (members === 0 && listeners === 0 && lastBroadcastAt === null) {
      if (known !== null) this.#store.remove(report.tag);
      return;
    }
    const isSame =
      known !== null &&
      known.members === members &&
      known.listeners === listeners &&
      known.lastBroadcastAt === lastBroadcastAt;
    if (!isSame) this.#store.put(report);
  }

  /** Null for a cursor that was not made for this order. */
  list({ prefix, cursor, ...query }: TagQuery): TagPage | null {
    const after = cursor === null ? null : readCursor(cursor, query);
    if (after === undefined) return null;
    const range = { from: prefix, to: prefixEnd(prefix) };
    // One more tells whether there is a next page.
    const found = this.#store.select({ ...query, ...range, limit: query.limit + 1, after });
    const tags = found.slice(0, query.limit);
    const last = tags.at(-1);
    const next = found.length > tags.length && last !== undefined ? writeCursor(last, query) : null;
    return { tags, next };
  }
}

type Order = Pick<TagQuery, "sort" | "descending">;

const sortValue = ({ members, lastBroadcastAt }: TagReport, sort: TagSort): number =>
  sort === "members" ? members : sort === "lastBroadcastAt" ? (lastBroadcastAt ?? 0) : 0;

/** UTF-8's order is that of code points, which is UTF-16's but for surrogates. */
function compareTags(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (const [at, character] of left.entries()) {
    const other = right[at]?.codePointAt(0) ?? -1;
    const difference = (character.codePointAt(0) ?? 0) - other;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Compares tags as a query sorts them. */
export const byOrder =
  ({ sort, descending }: Order) =>
  (a: TagReport, b: TagReport): number => {
    const order = sortValue(a, sort) - sortValue(b, sort) || compareTags(a.tag, b.tag);
    return descending ? -order : order;
  };

const SORT_LETTER = { tag: "t", members: "m", lastBroadcastAt: "b" } as const;
const utf8 = new TextEncoder();

/** The cursor of the page behind a tag. */
export function writeCursor(last: TagReport, order: Order): string {
  return formatCursor({ value: sortValue(last, order.sort), tag: last.tag }, order);
}

function formatCursor({ value, tag }: TagPlace, { sort, descending }: Order): string {
  return toBase64Url(utf8.encode(`${SORT_LETTER[sort]}${descending ? "-" : "+"}${value}.${tag}`));
}

const CURSOR = /^[tmb][+-](\d{1,16})\.(.*)$/s;

/** Undefined for any text but one of `writeCursor` for the same order. */
function readCursor(cursor: string, order: Order): TagPlace | undefined {
  const bytes = fromBase64Url(cursor);
  if (bytes === undefined) return undefined;
  const [, value, tag] = CURSOR.exec(new TextDecoder().decode(bytes)) ?? [];
  if (value === undefined || tag === undefined) return undefined;
  const place = { value: Number(value), tag };
  return formatCursor(place, order) === cursor ? place : undefined;
}

const LAST_CODE_POINT = 0x10ffff;
const SURROGATES_FIRST = 0xd800;
const SURROGATES_END = 0xe000;

/** The first text, in byte order of UTF-8, behind all that begin with `prefix`; null where there is none. */
function prefixEnd(prefix: string): string | null {
  // UTF-8 has the order of code points.
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === SURROGATES_FIRST ? SURROGATES_END : last + 1;
  return String.fromCodePoint(...points, next);
}
