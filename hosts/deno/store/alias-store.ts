/** An alias's port on the database that all objects share. */
import type { AliasRecord, AliasStore } from "../../../core/alias/host.ts";
import type { Database } from "./database.ts";
import { Writer } from "./writer.ts";

export class SharedAliasStore implements AliasStore {
  readonly #db: Database;
  readonly #name: string;
  readonly writer: Writer;

  /** @param name of the alias's object */
  constructor(db: Database, name: string) {
    this.#db = db;
    this.#name = name;
    this.writer = new Writer(db);
  }

  read(): AliasRecord | null {
    const row = this.#db.get<{ record: string }>(
      "SELECT record FROM aliases WHERE name = ?",
      this.#name,
    );
    return row === undefined ? null : (JSON.parse(row.record) as AliasRecord);
  }

  erase(): void {
    this.writer.run("DELETE FROM aliases WHERE name = ?", this.#name);
  }

  write(record: AliasRecord): void {
    this.writer.run(
      `INSERT INTO aliases (name, record) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET record = excluded.record`,
      this.#name,
      JSON.stringify(record),
    );
  }
}
