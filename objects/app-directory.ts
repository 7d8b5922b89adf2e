/** The object that lists the apps of a mesh: one, named "apps". */
import { DurableObject } from "cloudflare:workers";
import { addToDirectory, type DirectoryEntry, type DirectoryStore } from "../core/app/directory.ts";
import type { AppDirectoryRpc } from "./interfaces/rpc.ts";

type EntryRow = { app_id: string; name: string; created_at: number };

class SqlDirectoryStore implements DirectoryStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
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
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM app").one().n;
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

  list(): readonly DirectoryEntry[] {
    return this.#sql
      .exec<EntryRow>("SELECT app_id, name, created_at FROM app ORDER BY rowid")
      .toArray()
      .map((row) => ({ appId: row.app_id, name: row.name, createdAt: row.created_at }));
  }
}

export class AppDirectoryObject extends DurableObject implements AppDirectoryRpc {
  readonly #store: SqlDirectoryStore;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#store = new SqlDirectoryStore(state.storage.sql);
  }

  async add(entry: DirectoryEntry): Promise<boolean> {
    return addToDirectory(this.#store, entry);
  }

  async list(): Promise<readonly DirectoryEntry[]> {
    return this.#store.list();
  }
}
