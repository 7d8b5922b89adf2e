/** The rows of the tags of one app, and of its signed changes. docs/storage.md describes the tables. */
import type { ChangeStore, SignedChange } from "../../core/app/changes.ts";
import type {
  TagDirectoryStore,
  TagReport,
  TagSelection,
} from "../../core/tag/directory/directory.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { type ObjectTables, Table } from "./table.ts";
import { reportOf, rowOf, TAG_COLUMNS, TAG_FIELDS, type TagRow, tagSql } from "./tag-query.ts";

const TAGS = new Table({
  own: { name: "tags" },
  shared: { name: "tag_directory", scope: "app" },
  names: ["tag"],
});
const CHANGES = new Table({
  own: { name: "changes" },
  shared: { name: "signed_changes", scope: "app" },
});

const READ = TAGS.select(TAG_FIELDS, { where: "tag = ?" });
const PUT = TAGS.put(TAG_COLUMNS, ["tag"]);
const DELETE = TAGS.delete(["tag"]);
const FIRST = TAGS.select(TAG_FIELDS, { tail: "ORDER BY tag LIMIT ?" });
const NEXT = TAGS.select(TAG_FIELDS, { where: "tag > ?", tail: "ORDER BY tag LIMIT ?" });
const LIST_CHANGES = CHANGES.select(["slot", "id", "at"]);
const PUT_CHANGE = CHANGES.put(["slot", "id", "at"], ["slot"]);
const ALL_CHANGES = [CHANGES.delete()];

/** How many rows of an export are in memory at a time. */
const ROWS_COUNT = 1_000;

/** On either kind of database. */
export class TagDirectoryRows<Tables extends ObjectTables>
  implements TagDirectoryStore, ChangeStore
{
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  read(tag: string): TagReport | null {
    const row = this.tables.get<TagRow>(READ, tag);
    return row === undefined ? null : reportOf(row);
  }

  put(report: TagReport): void {
    this.tables.run(PUT, ...rowOf(report));
  }

  remove(tag: string): void {
    this.tables.run(DELETE, tag);
  }

  /** The only statement that is built for each call, because its conditions depend on the query. */
  select(selection: TagSelection): TagReport[] {
    const { where, tail, values } = tagSql(selection);
    const statement = TAGS.select(TAG_FIELDS, { where, tail });
    return this.tables.all<TagRow>(statement, ...values).map(reportOf);
  }

  *all(): Generator<TagReport> {
    let rows = this.tables.all<TagRow>(FIRST, ROWS_COUNT);
    for (;;) {
      yield* rows.map(reportOf);
      const last = rows.at(-1);
      if (last === undefined) return;
      rows = this.tables.all<TagRow>(NEXT, last.name, ROWS_COUNT);
    }
  }

  listChanges(): (SignedChange & { readonly slot: number })[] {
    return this.tables.all(LIST_CHANGES);
  }

  putChange(slot: number, { id, at }: SignedChange): void {
    this.tables.run(PUT_CHANGE, slot, id, at);
  }

  dropChanges(): void {
    this.tables.erase(ALL_CHANGES);
  }
}

/**
 * Unlike the shared table, this one has no index on other sort columns: it would write a second row for every report, and a tag reports
 * whenever its counts change. A page in such an order reads all rows instead; a read costs a thousandth of a write.
 */
const OWN_TAGS = {
  tags: `(
    tag TEXT PRIMARY KEY, members INTEGER NOT NULL, listeners INTEGER NOT NULL,
    last_broadcast_at INTEGER NOT NULL) WITHOUT ROWID`,
};
const OWN_CHANGES = {
  changes: "(slot INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL)",
};

/** On the SQLite of the directory's own object. */
export class SqlTagDirectoryStore extends TagDirectoryRows<OwnTables> {
  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN_TAGS, OWN_CHANGES]));
  }
}
