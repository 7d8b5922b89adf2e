/** The rows of the tags of one app, and of its signed changes, in their object's SQLite. */
import type { ChangeStore, SignedChange } from "../../core/app/changes.ts";
import type {
  TagDirectoryStore,
  TagReport,
  TagSelection,
} from "../../core/tag/directory/directory.ts";
import type { Sql } from "./sql.ts";
import { reportOf, rowOf, TAG_COLUMNS, type TagRow, tagSql } from "./tag-query.ts";

type Row = TagRow & Record<string, string | number>;

const hasTable = (sql: Sql, name: string): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;

export class SqlTagDirectoryStore implements TagDirectoryStore, ChangeStore {
  readonly #sql: Sql;
  /** An object that nobody reported to has no table, and being asked makes none. */
  #hasTable: boolean;
  #hasChanges: boolean;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTable = hasTable(sql, "tags");
    this.#hasChanges = hasTable(sql, "changes");
  }

  read(tag: string): TagReport | null {
    const [row] = this.#all(`SELECT ${TAG_COLUMNS} FROM tags WHERE tag = ?`, tag);
    return row ?? null;
  }

  put(report: TagReport): void {
    // No index on what else is sorted by: it would be a second row paid for every report, and each tag reports as often
    // as its counts move. A page in such an order reads all rows instead, a thousandth of what a write costs each.
    if (!this.#hasTable)
      this.#sql.exec(`
        CREATE TABLE tags (
          tag TEXT PRIMARY KEY, members INTEGER NOT NULL, listeners INTEGER NOT NULL,
          last_broadcast_at INTEGER NOT NULL) WITHOUT ROWID;
      `);
    this.#hasTable = true;
    this.#sql.exec(
      `INSERT INTO tags (${TAG_COLUMNS}) VALUES (?, ?, ?, ?)
       ON CONFLICT (tag) DO UPDATE SET members = excluded.members, listeners = excluded.listeners,
         last_broadcast_at = excluded.last_broadcast_at`,
      ...rowOf(report),
    );
  }

  remove(tag: string): void {
    if (this.#hasTable) this.#sql.exec("DELETE FROM tags WHERE tag = ?", tag);
  }

  select(selection: TagSelection): TagReport[] {
    const { where, tail, values } = tagSql(selection);
    return this.#all(`SELECT ${TAG_COLUMNS} FROM tags WHERE ${where} ${tail}`, ...values);
  }

  all(): TagReport[] {
    return this.#all(`SELECT ${TAG_COLUMNS} FROM tags ORDER BY tag`);
  }

  listChanges(): (SignedChange & { readonly slot: number })[] {
    if (!this.#hasChanges) return [];
    return this.#sql
      .exec<{ slot: number; id: string; at: number }>("SELECT slot, id, at FROM changes")
      .toArray();
  }

  putChange(slot: number, { id, at }: SignedChange): void {
    if (!this.#hasChanges)
      this.#sql.exec(
        "CREATE TABLE changes (slot INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL)",
      );
    this.#hasChanges = true;
    this.#sql.exec(
      "INSERT OR REPLACE INTO changes (slot, id, at) VALUES (?, ?, ?)",
      ...[slot, id, at],
    );
  }

  dropChanges(): void {
    if (this.#hasChanges) this.#sql.exec("DROP TABLE changes");
    this.#hasChanges = false;
  }

  #all(query: string, ...values: (string | number)[]): TagReport[] {
    if (!this.#hasTable) return [];
    return this.#sql
      .exec<Row>(query, ...values)
      .toArray()
      .map(reportOf);
  }
}
