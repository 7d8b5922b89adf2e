/** A live node's port on the SQLite of its own object. docs/storage.md describes the tables. */
import type { LiveEntry, LiveRecord, LiveStore } from "../../core/live/store.ts";
import type { Sql } from "./sql.ts";

const TABLES = [
  "CREATE TABLE IF NOT EXISTS live (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
  `CREATE TABLE IF NOT EXISTS live_log (
     slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, expires_at INTEGER, collapse_key TEXT, text TEXT)`,
];
/** The one row. */
const NODE = 1;

export class SqlLiveStore implements LiveStore {
  readonly #sql: Sql;
  /** A node that nobody ever listened at has no tables, and being called makes none. */
  #hasTables: boolean;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTables =
      sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'live'").toArray().length > 0;
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.#hasTables;
  }

  /** Drops the tables; what the database still takes on disk is the object's own to free. */
  erase(): void {
    // Before one of them is: a table that could not be dropped is made again, and one that was has to be.
    this.#hasTables = false;
    for (const table of ["live", "live_log"]) this.#sql.exec(`DROP TABLE IF EXISTS ${table}`);
  }

  read(): LiveRecord | null {
    if (!this.#hasTables) return null;
    const [row] = this.#sql
      .exec<{ value: string }>("SELECT value FROM live WHERE id = ?", NODE)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.value) as LiveRecord);
  }

  write(record: LiveRecord): void {
    if (!this.#hasTables) for (const table of TABLES) this.#sql.exec(table);
    this.#hasTables = true;
    this.#sql.exec(
      `INSERT INTO live (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      NODE,
      JSON.stringify(record),
    );
  }

  list(): LiveEntry[] {
    return this.#sql
      .exec<{
        position: number;
        expiresAt: number | null;
        collapseKey: string | null;
        text: string | null;
      }>(
        `SELECT position, expires_at AS expiresAt, collapse_key AS collapseKey, text
         FROM live_log ORDER BY position`,
      )
      .toArray();
  }

  put(slot: number, { position, expiresAt, collapseKey, text }: LiveEntry): void {
    this.#sql.exec(
      `INSERT INTO live_log (slot, position, expires_at, collapse_key, text) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET position = excluded.position,
         expires_at = excluded.expires_at, collapse_key = excluded.collapse_key, text = excluded.text`,
      slot,
      position,
      expiresAt,
      collapseKey,
      text,
    );
  }
}
