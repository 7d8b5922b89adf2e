/**
 * The tags of one app, as their roots last reported them. A page starts after the sort key and tag that the previous page ended with, not at
 * a row number, so a tag whose key does not change is listed exactly once while others change.
 */
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";

/** What the root of a tag reports to its app's directory. */
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
  /** Milliseconds since 1970, inclusive. A tag without broadcasts matches neither bound. */
  readonly broadcastAfter: number | null;
  readonly broadcastBefore: number | null;
  /** Tags are in byte order of their UTF-8; equal keys are in order of tag; a tag without broadcasts comes before all times. */
  readonly sort: TagSort;
  /** Reverses the whole order, that of equal keys included. */
  readonly descending: boolean;
  readonly limit: number;
  /** From the previous page; null for the first. */
  readonly cursor: string | null;
}

export interface TagPage {
  readonly tags: readonly TagReport[];
  /** Null at the end. */
  readonly next: string | null;
}

/** Where a page starts: after the tag with this place in the order. */
interface TagPlace {
  /** The sort key: members, or milliseconds since 1970 (0 for never); 0 when sorting by tag. */
  readonly value: number;
  readonly tag: string;
}

/** What a store selects: tags from `from` up to but not including `to`, after a place in the query's order. */
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
  /** All tags, in order. */
  all(): Iterable<TagReport>;
}

export class TagDirectory {
  readonly #store: TagDirectoryStore;

  constructor({ store }: { readonly store: TagDirectoryStore }) {
    this.#store = store;
  }

  /** Writes no row if nothing changed. A tag without members, listeners and broadcasts is removed. */
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

  /** Null for a cursor of another order. */
  list({ prefix, cursor, ...query }: TagQuery): TagPage | null {
    const after = cursor === null ? null : readCursor(cursor, query);
    if (after === undefined) return null;
    const range = { from: prefix, to: prefixEnd(prefix) };
    // One more shows whether there is a next page.
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

/** Compares by code points, which is the order of UTF-8. UTF-16 differs for surrogates. */
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

/** The cursor of the page after a tag. */
export function writeCursor(last: TagReport, order: Order): string {
  return formatCursor({ value: sortValue(last, order.sort), tag: last.tag }, order);
}

function formatCursor({ value, tag }: TagPlace, { sort, descending }: Order): string {
  return toBase64Url(utf8.encode(`${SORT_LETTER[sort]}${descending ? "-" : "+"}${value}.${tag}`));
}

const CURSOR = /^[tmb][+-](\d{1,16})\.(.*)$/s;

/** Undefined for any text that `writeCursor` did not make for this order. */
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

/** The first text, in byte order of UTF-8, after all that begin with `prefix`; null for none. */
function prefixEnd(prefix: string): string | null {
  // UTF-8 has the order of code points.
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === SURROGATES_FIRST ? SURROGATES_END : last + 1;
  return String.fromCodePoint(...points, next);
}
