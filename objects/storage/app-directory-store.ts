/** The rows of the list of apps in its object's SQLite. */
import type { DirectoryEntry, DirectoryStore } from "../../core/app/directory.ts";
import type { Sql } from "./sql.ts";

type EntryRow = { app_id: string; name: string; created_at: number };

export class SqlDirectoryStore implements DirectoryStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    // rowid keeps the order of creation: two apps may share a millisecond.
    sql.exec(`
      CREATE TABLE IF NOT EXISTS app (
        app_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL
      );
    `);
  }

  count(): number {
    const [row] = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM app").toArray();
    return row?.n ?? 0;
  }

  has(appId: string): boolean {
    return this.#sql.exec("SELECT 1 FROM app WHERE app_id = ?", appId).toArray().length === 1;
  }

  add({ appId, name, createdAt }: DirectoryEntry): void {
    this.#sql.exec(
      "INSERT INTO app (app_id, name, created_at) VALUES (?, ?, ?)",
      appId,
      name,
      createdAt,
    );
  }

  remove(appId: string): boolean {
    const removed = this.#sql.exec("DELETE FROM app WHERE app_id = ? RETURNING app_id", appId);
    return removed.toArray().length === 1;
  }

  list(): readonly DirectoryEntry[] {
    return this.#sql
      .exec<EntryRow>("SELECT app_id, name, created_at FROM app ORDER BY rowid")
      .toArray()
      .map((row) => ({ appId: row.app_id, name: row.name, createdAt: row.created_at }));
  }
}
