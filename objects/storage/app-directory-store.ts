/** The rows of the list of apps. docs/storage.md describes the table. */
import type { DirectoryEntry, DirectoryStore } from "../../core/app/directory.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { type ObjectTables, Table } from "./table.ts";

// There is one list in a mesh, so neither kind of database needs a column that says whose a row is.
const APPS = new Table({ own: { name: "app" }, shared: { name: "directory" } });

const COUNT = APPS.select(["count(*) AS count"]);
const FIND = APPS.select(["1"], { where: "app_id = ?" });
const INSERT = APPS.insert(["app_id", "name", "created_at"]);
const DELETE = APPS.delete(["app_id"]);
// In order of creation. Only a rowid tells apps created in the same millisecond apart, and the shared table has none.
const LIST = APPS.select(["app_id AS appId", "name", "created_at AS createdAt"], {
  tail: { own: "ORDER BY rowid", shared: "ORDER BY created_at, app_id" },
});

/** On either kind of database. */
export class DirectoryRows<Tables extends ObjectTables> implements DirectoryStore {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  count(): number {
    return this.tables.get<{ readonly count: number }>(COUNT)?.count ?? 0;
  }

  has(appId: string): boolean {
    return this.tables.get(FIND, appId) !== undefined;
  }

  add({ appId, name, createdAt }: DirectoryEntry): void {
    this.tables.run(INSERT, appId, name, createdAt);
  }

  remove(appId: string): boolean {
    return this.tables.run(DELETE, appId);
  }

  list(): readonly DirectoryEntry[] {
    return this.tables.all<DirectoryEntry>(LIST);
  }
}

const OWN = {
  app: "(app_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at INTEGER NOT NULL)",
};

/** On the SQLite of the directory's own object. */
export class SqlDirectoryStore extends DirectoryRows<OwnTables> {
  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN]));
  }
}
