/** The rows of apps, and of the list of them, in the shared database. */
import type { AppStore, LiveKey, StoredApp, StoredKey } from "../../../core/app/app.ts";
import type { DirectoryEntry, DirectoryStore } from "../../../core/app/directory.ts";
import type { Database } from "./database.ts";

export class SharedAppStore implements AppStore {
  readonly #db: Database;
  readonly #appId: string;

  constructor(db: Database, appId: string) {
    this.#db = db;
    this.#appId = appId;
  }

  app(): StoredApp | null {
    const row = this.#db.get<StoredApp>(
      "SELECT name, created_at AS createdAt FROM apps WHERE app_id = ?",
      this.#appId,
    );
    return row ?? null;
  }

  setApp({ name, createdAt }: StoredApp): void {
    this.#db.run(
      "INSERT INTO apps (app_id, name, created_at, keys_made) VALUES (?, ?, ?, 0)",
      this.#appId,
      name,
      createdAt,
    );
  }

  keys(): readonly StoredKey[] {
    return this.#db.all<StoredKey>(
      `SELECT n, algorithm, material, created_at AS createdAt
       FROM keys WHERE app_id = ? ORDER BY n`,
      this.#appId,
    );
  }

  addKey(key: Omit<StoredKey, "n">): StoredKey {
    this.#db.run("UPDATE apps SET keys_made = keys_made + 1 WHERE app_id = ?", this.#appId);
    const stored = { n: this.keysMade(), ...key };
    this.#insert(stored);
    return stored;
  }

  removeKey(n: number): boolean {
    return this.#db.run("DELETE FROM keys WHERE app_id = ? AND n = ?", this.#appId, n) === 1;
  }

  keysMade(): number {
    const row = this.#db.get<{ n: number }>(
      "SELECT keys_made AS n FROM apps WHERE app_id = ?",
      this.#appId,
    );
    return row?.n ?? 0;
  }

  putKeys(keys: readonly StoredKey[], made: number): void {
    for (const key of keys) this.#insert(key);
    this.#db.run("UPDATE apps SET keys_made = ? WHERE app_id = ?", made, this.#appId);
  }

  liveKey(): LiveKey | null {
    const row = this.#db.get<LiveKey>(
      "SELECT seed, public_key AS publicKey FROM live_keys WHERE app_id = ?",
      this.#appId,
    );
    return row ?? null;
  }

  setLiveKey({ seed, publicKey }: LiveKey): void {
    this.#db.run(
      "INSERT INTO live_keys (app_id, seed, public_key) VALUES (?, ?, ?)",
      this.#appId,
      seed,
      publicKey,
    );
  }

  removeApp(): boolean {
    this.#db.run("DELETE FROM keys WHERE app_id = ?", this.#appId);
    this.#db.run("DELETE FROM live_keys WHERE app_id = ?", this.#appId);
    return this.#db.run("DELETE FROM apps WHERE app_id = ?", this.#appId) === 1;
  }

  #insert({ n, algorithm, material, createdAt }: StoredKey): void {
    this.#db.run(
      "INSERT INTO keys (app_id, n, algorithm, material, created_at) VALUES (?, ?, ?, ?, ?)",
      this.#appId,
      n,
      algorithm,
      material,
      createdAt,
    );
  }
}

export class SharedDirectoryStore implements DirectoryStore {
  readonly #db: Database;
  readonly #writer: Pick<Database, "run">;

  /** @param writer by which it writes */
  constructor(db: Database, writer: Pick<Database, "run"> = db) {
    this.#db = db;
    this.#writer = writer;
  }

  count(): number {
    return this.#db.get<{ count: number }>("SELECT count(*) AS count FROM directory")?.count ?? 0;
  }

  has(appId: string): boolean {
    return this.#db.get("SELECT 1 FROM directory WHERE app_id = ?", appId) !== undefined;
  }

  add({ appId, name, createdAt }: DirectoryEntry): void {
    this.#writer.run(
      "INSERT INTO directory (app_id, name, created_at) VALUES (?, ?, ?)",
      appId,
      name,
      createdAt,
    );
  }

  remove(appId: string): boolean {
    return this.#writer.run("DELETE FROM directory WHERE app_id = ?", appId) === 1;
  }

  list(): readonly DirectoryEntry[] {
    return this.#db.all<DirectoryEntry>(
      "SELECT app_id AS appId, name, created_at AS createdAt FROM directory ORDER BY created_at, app_id",
    );
  }
}
