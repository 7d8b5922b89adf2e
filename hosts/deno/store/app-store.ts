/** The rows of apps, and of the list of them, in the shared database. */
import type { StoredApp } from "../../../core/app/app.ts";
import { DirectoryRows } from "../../../objects/storage/app-directory-store.ts";
import { AppRows } from "../../../objects/storage/app-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";

/** An app's row counts its keys: in one table of the keys of all apps SQLite does not. */
export class SharedAppStore extends AppRows<SharedTables> {
  readonly #db: Database;
  readonly #appId: string;

  constructor(db: Database, appId: string) {
    super(new SharedTables(db, appId));
    this.#db = db;
    this.#appId = appId;
  }

  setApp({ name, createdAt }: StoredApp): void {
    this.#db.run(
      "INSERT INTO apps (app_id, name, created_at, keys_made) VALUES (?, ?, ?, 0)",
      this.#appId,
      name,
      createdAt,
    );
  }

  keysMade(): number {
    const row = this.#db.get<{ n: number }>(
      "SELECT keys_made AS n FROM apps WHERE app_id = ?",
      this.#appId,
    );
    return row?.n ?? 0;
  }

  protected countKeys(made: number): void {
    this.#db.run("UPDATE apps SET keys_made = ? WHERE app_id = ?", made, this.#appId);
  }
}

export class SharedDirectoryStore extends DirectoryRows<SharedTables> {
  /** @param writer by which it writes */
  constructor(db: Database, writer: Pick<Database, "run"> = db) {
    super(new SharedTables(db, null, writer));
  }
}
