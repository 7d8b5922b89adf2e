/** The rows of one app in its object's SQLite. */
import type { AppStore, KeyAlgorithm, LiveKey, StoredApp, StoredKey } from "../../core/app/app.ts";
import type { Sql } from "./sql.ts";

type AppRow = { name: string; created_at: number };
type KeyRow = { n: number; algorithm: KeyAlgorithm; material: ArrayBuffer; created_at: number };

export class SqlAppStore implements AppStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS app (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL
      );
    `);
    // AUTOINCREMENT: the number of a deleted key is not given again.
    sql.exec(`
      CREATE TABLE IF NOT EXISTS key (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        algorithm TEXT NOT NULL,
        material BLOB NOT NULL,
        created_at INTEGER NOT NULL
      );
    `);
  }

  app(): StoredApp | null {
    const [row] = this.#sql.exec<AppRow>("SELECT name, created_at FROM app").toArray();
    return row === undefined ? null : { name: row.name, createdAt: row.created_at };
  }

  setApp({ name, createdAt }: StoredApp): void {
    this.#sql.exec("INSERT INTO app (id, name, created_at) VALUES (1, ?, ?)", name, createdAt);
  }

  keys(): readonly StoredKey[] {
    return this.#sql
      .exec<KeyRow>("SELECT n, algorithm, material, created_at FROM key ORDER BY n")
      .toArray()
      .map((row) => ({
        n: row.n,
        algorithm: row.algorithm,
        material: new Uint8Array(row.material),
        createdAt: row.created_at,
      }));
  }

  addKey(key: Omit<StoredKey, "n">): StoredKey {
    const [row] = this.#sql
      .exec<{ n: number }>(
        "INSERT INTO key (algorithm, material, created_at) VALUES (?, ?, ?) RETURNING n",
        key.algorithm,
        key.material,
        key.createdAt,
      )
      .toArray();
    if (row === undefined) throw new Error("SQLite gave the key no number");
    return { n: row.n, ...key };
  }

  removeKey(n: number): boolean {
    return this.#sql.exec("DELETE FROM key WHERE n = ? RETURNING n", n).toArray().length === 1;
  }

  liveKey(): LiveKey | null {
    // An app of an older version, or that nobody listens to, has no table: reading it makes none.
    if (
      this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'live_key'").toArray().length === 0
    )
      return null;
    const [row] = this.#sql
      .exec<{ seed: ArrayBuffer; public_key: ArrayBuffer }>("SELECT seed, public_key FROM live_key")
      .toArray();
    if (row === undefined) return null;
    return { seed: new Uint8Array(row.seed), publicKey: new Uint8Array(row.public_key) };
  }

  setLiveKey({ seed, publicKey }: LiveKey): void {
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS live_key (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        seed BLOB NOT NULL,
        public_key BLOB NOT NULL
      );
    `);
    this.#sql.exec("INSERT INTO live_key (id, seed, public_key) VALUES (1, ?, ?)", seed, publicKey);
  }

  removeApp(): boolean {
    this.#sql.exec("DELETE FROM key");
    this.#sql.exec("DROP TABLE IF EXISTS live_key");
    return this.#sql.exec("DELETE FROM app RETURNING id").toArray().length === 1;
  }

  keysMade(): number {
    const [row] = this.#sql
      .exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'key'")
      .toArray();
    return row?.seq ?? 0;
  }

  putKeys(keys: readonly StoredKey[], made: number): void {
    const insert = (n: number, { algorithm, material, createdAt }: Omit<StoredKey, "n">) =>
      this.#sql.exec(
        "INSERT INTO key (n, algorithm, material, created_at) VALUES (?, ?, ?, ?)",
        n,
        algorithm,
        material,
        createdAt,
      );
    for (const key of keys) insert(key.n, key);
    if (made === 0 || keys.some(({ n }) => n === made)) return;
    // The last key is revoked: SQLite counts on from the highest number that was ever there.
    insert(made, { algorithm: "hmac-sha256", material: new Uint8Array(), createdAt: 0 });
    this.removeKey(made);
  }
}
