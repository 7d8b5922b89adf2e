/** The stores of an app, and of the list of apps, in the shared database. */
import type { StoredApp } from "../../../core/app/app.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { DirectoryRows } from "../../../objects/storage/app-directory-store.ts";
import { AppRows } from "../../../objects/storage/app-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";

/** The row of an app counts its keys, because the table of all apps' keys has no rowid per app. */
export class SharedAppStore extends AppRows<SharedTables> {
  readonly #db: Database;
  readonly #appId: string;
  readonly #writer: Pick<Database, "run">;

  /** @param writer of the object */
  constructor(db: Database, keyring: Keyring, appId: string, writer: Pick<Database, "run"> = db) {
    super(new SharedTables(db, appId, writer), new StoredSecrets(keyring, appId));
    this.#db = db;
    this.#writer = writer;
    this.#appId = appId;
  }

  setApp({ name, createdAt }: StoredApp): void {
    this.#writer.run(
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
    this.#writer.run("UPDATE apps SET keys_made = ? WHERE app_id = ?", made, this.#appId);
  }
}

export class SharedDirectoryStore extends DirectoryRows<SharedTables> {
  /** @param writer of the object */
  constructor(db: Database, writer: Pick<Database, "run"> = db) {
    super(new SharedTables(db, null, writer));
  }
}
