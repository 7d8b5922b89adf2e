/** A selection of the tag directory as SQL, for every store of it. */
import type { TagReport, TagSelection, TagSort } from "../../core/tag/directory/directory.ts";

/** A row as the stores keep it. "Never" is 0, because a null has no place in an order. */
export interface TagRow {
  readonly name: string;
  readonly members: number;
  readonly listeners: number;
  readonly last_broadcast_at: number;
}

export const TAG_COLUMNS = ["tag", "members", "listeners", "last_broadcast_at"];

/** The fields of a `TagRow`. The tag gets another name, because the shared table reads it as JSON, and rows would be sorted by that. */
export const TAG_FIELDS = ["tag AS name", ...TAG_COLUMNS.slice(1)];

export const reportOf = (row: TagRow): TagReport => ({
  tag: row.name,
  members: row.members,
  listeners: row.listeners,
  lastBroadcastAt: row.last_broadcast_at === 0 ? null : row.last_broadcast_at,
});

/** Values of TAG_COLUMNS. */
export const rowOf = ({ tag, members, listeners, lastBroadcastAt }: TagReport) =>
  [tag, members, listeners, lastBroadcastAt ?? 0] as const;

const SORT_COLUMN: Readonly<Record<TagSort, string | null>> = {
  tag: null,
  members: "members",
  lastBroadcastAt: "last_broadcast_at",
};

export interface TagSql {
  /** Conditions on rows, joined by AND. */
  readonly where: string;
  /** From ORDER BY on. */
  readonly tail: string;
  /** Values of both, in order. */
  readonly values: readonly (string | number)[];
}

/** The first text after another, byte by byte. */
const behind = (tag: string): string => `${tag}\0`;

/**
 * SQLite compares text with its BINARY collation: byte by byte, as UTF-8. There is at most one lower and one upper bound on tags: with two,
 * SQLite would search by the first and read from there to the second. If none is needed there is none, because SQLite would search by tag
 * even if the order is another.
 */
export function tagSql(selection: TagSelection): TagSql {
  const { from, to, after, sort, descending, limit } = selection;
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const require = (condition: string, ...bound: (string | number | null)[]) => {
    const given = bound.filter((value) => value !== null);
    if (given.length < bound.length) return;
    conditions.push(condition);
    values.push(...given);
  };
  const column = SORT_COLUMN[sort];
  const above = column === null && !descending && after !== null ? behind(after.tag) : null;
  const below = column === null && descending && after !== null ? after.tag : null;
  if (above !== null) require("tag >= max(?, ?)", from, above);
  else if (from !== "") require("tag >= ?", from);
  if (below !== null && to !== null) require("tag < min(?, ?)", to, below);
  else require("tag < ?", below ?? to);
  if (column !== null && after !== null)
    require(`(${column}, tag) ${descending ? "<" : ">"} (?, ?)`, after.value, after.tag);
  require("members >= ?", selection.minMembers);
  require("members <= ?", selection.maxMembers);
  const { broadcastAfter, broadcastBefore } = selection;
  require("last_broadcast_at >= ?", broadcastAfter === null ? null : Math.max(broadcastAfter, 1));
  require("last_broadcast_at BETWEEN 1 AND ?", broadcastBefore);
  const direction = descending ? "DESC" : "ASC";
  const order = [...(column === null ? [] : [column]), "tag"];
  return {
    where: conditions.length === 0 ? "TRUE" : conditions.join(" AND "),
    tail: `ORDER BY ${order.map((name) => `${name} ${direction}`).join(", ")} LIMIT ?`,
    values: [...values, limit],
  };
}
