/** A selection of the tag directory as SQL, the same for every store of it. */
import type { TagReport, TagSelection, TagSort } from "../../core/tag/directory.ts";

/** A row as the stores keep it: 0 for never, since a null has no place in an order. */
export interface TagRow {
  readonly tag: string;
  readonly members: number;
  readonly listeners: number;
  readonly last_broadcast_at: number;
}

export const TAG_COLUMNS = "tag, members, listeners, last_broadcast_at";

export const reportOf = (row: TagRow): TagReport => ({
  tag: row.tag,
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
  /** Of both, in their order. */
  readonly values: readonly (string | number)[];
}

/** Text is compared by SQLite's BINARY collation: byte by byte, as UTF-8. */
export function tagSql(selection: TagSelection): TagSql {
  const { from, to, after, sort, descending, limit } = selection;
  const conditions: string[] = ["tag >= ?"];
  const values: (string | number)[] = [from];
  const require = (condition: string, value: string | number | null) => {
    if (value === null) return;
    conditions.push(condition);
    values.push(value);
  };
  require("tag < ?", to);
  require("members >= ?", selection.minMembers);
  require("members <= ?", selection.maxMembers);
  const { broadcastAfter, broadcastBefore } = selection;
  require("last_broadcast_at >= ?", broadcastAfter === null ? null : Math.max(broadcastAfter, 1));
  require("last_broadcast_at BETWEEN 1 AND ?", broadcastBefore);
  const column = SORT_COLUMN[sort];
  const comparison = descending ? "<" : ">";
  if (after !== null) {
    if (column === null) require(`tag ${comparison} ?`, after.tag);
    else {
      conditions.push(`(${column}, tag) ${comparison} (?, ?)`);
      values.push(after.value, after.tag);
    }
  }
  const direction = descending ? "DESC" : "ASC";
  const order = [...(column === null ? [] : [column]), "tag"];
  const tail = `ORDER BY ${order.map((name) => `${name} ${direction}`).join(", ")} LIMIT ?`;
  return { where: conditions.join(" AND "), tail, values: [...values, limit] };
}
