/** A live node's port on the database that all objects share. */
import type { LiveEntry, LiveRecord, LiveStore } from "../../../core/live/store.ts";
import type { Database } from "./database.ts";

export class SharedLiveStore implements LiveStore {
  readonly #db: Database;
  readonly #name: string;

  /** @param name of the live node's object */
  constructor(db: Database, name: string) {
    this.#db = db;
    this.#name = name;
  }

  read(): LiveRecord | null {
    const row = this.#db.get<{ record: string }>(
      "SELECT record FROM live_nodes WHERE name = ?",
      this.#name,
    );
    return row === undefined ? null : (JSON.parse(row.record) as LiveRecord);
  }

  write(record: LiveRecord): void {
    this.#db.run(
      `INSERT INTO live_nodes (name, record) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET record = excluded.record`,
      this.#name,
      JSON.stringify(record),
    );
  }

  erase(): void {
    this.#db.run("DELETE FROM live_log WHERE node = ?", this.#name);
    this.#db.run("DELETE FROM live_nodes WHERE name = ?", this.#name);
  }

  list(): LiveEntry[] {
    // The key as JSON, as in device-store.ts: it may hold a NUL, and Deno's node:sqlite ends a text there.
    const rows = this.#db.all<Omit<LiveEntry, "collapseKey"> & { readonly collapseKey: string }>(
      `SELECT position, expires_at AS expiresAt, json_quote(collapse_key) AS collapseKey, text
       FROM live_log WHERE node = ? ORDER BY position`,
      this.#name,
    );
    return rows.map((row) => ({
      ...row,
      collapseKey: JSON.parse(row.collapseKey) as string | null,
    }));
  }

  put(slot: number, { position, expiresAt, collapseKey, text }: LiveEntry): void {
    this.#db.run(
      `INSERT INTO live_log (node, slot, position, expires_at, collapse_key, text)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (node, slot) DO UPDATE SET position = excluded.position,
         expires_at = excluded.expires_at, collapse_key = excluded.collapse_key, text = excluded.text`,
      this.#name,
      slot,
      position,
      expiresAt,
      collapseKey,
      text,
    );
  }
}
