/** The rows of an alias. docs/storage.md describes the tables. */
import type { AliasRecord, AliasStore } from "../../core/alias/host.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { type ObjectTables, Table } from "./table.ts";

const ALIAS = new Table({
  own: { name: "alias", scope: "id", constant: "1", renamed: { record: "value" } },
  shared: { name: "aliases", scope: "name" },
});
const READ = ALIAS.select(["record"]);
const WRITE = ALIAS.put(["record"], []);
const ALL = [ALIAS.delete()];

/** On either kind of database. */
export class AliasRows<Tables extends ObjectTables> implements AliasStore {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  read(): AliasRecord | null {
    const row = this.tables.get<{ record: string }>(READ);
    return row === undefined ? null : (JSON.parse(row.record) as AliasRecord);
  }

  write(record: AliasRecord): void {
    this.tables.run(WRITE, JSON.stringify(record));
  }

  erase(): void {
    this.tables.erase(ALL);
  }
}

const OWN = { alias: "(id INTEGER PRIMARY KEY, value TEXT NOT NULL)" };

/** On the SQLite of the alias's own object. */
export class SqlAliasStore extends AliasRows<OwnTables> {
  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN]));
  }

  /** Whether anything is stored. */
  get exists(): boolean {
    return this.tables.exist;
  }
}
