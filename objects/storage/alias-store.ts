/** An alias's port on the SQLite of its own object. docs/storage.md describes the table. */
import type { AliasRecord, AliasStore } from "../../core/alias/host.ts";
import type { Sql } from "./sql.ts";

const TABLE = "CREATE TABLE IF NOT EXISTS alias (id INTEGER PRIMARY KEY, value TEXT NOT NULL)";
/** The one row. */
const ALIAS = 1;

export class SqlAliasStore implements AliasStore {
  readonly #sql: Sql;
  /** An alias that nobody ever set has no table, and being asked makes none. */
  #hasTable: boolean;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTable =
      sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'alias'").toArray().length > 0;
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.#hasTable;
  }

  /** Drops the table; what the database still takes on disk is the object's own to free. */
  erase(): void {
    this.#sql.exec("DROP TABLE IF EXISTS alias");
    this.#hasTable = false;
  }

  read(): AliasRecord | null {
    if (!this.#hasTable) return null;
    const [row] = this.#sql
      .exec<{ value: string }>("SELECT value FROM alias WHERE id = ?", ALIAS)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.value) as AliasRecord);
  }

  write(record: AliasRecord): void {
    if (!this.#hasTable) this.#sql.exec(TABLE);
    this.#hasTable = true;
    this.#sql.exec(
      `INSERT INTO alias (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      ALIAS,
      JSON.stringify(record),
    );
  }
}
