/** The rows of one app. docs/storage.md describes the tables. */
import {
  ALL_RIGHTS,
  type AppStore,
  type LiveKey,
  type StoredApp,
  type StoredKey,
} from "../../core/app/app.ts";
import { NO_TRUST, type StoredTrust } from "../../core/app/policy.ts";
import { KEY_SCOPES } from "../../schema/http/enums.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { bytesOf, type ObjectTables, Table } from "./table.ts";

const APP = new Table({
  own: { name: "app", scope: "id", constant: "1" },
  shared: { name: "apps", scope: "app_id" },
});
const KEYS = new Table({ own: { name: "key" }, shared: { name: "keys", scope: "app_id" } });
const LIVE_KEY = new Table({
  own: { name: "live_key", scope: "id", constant: "1" },
  shared: { name: "live_keys", scope: "app_id" },
});
const TRUST = new Table({
  own: { name: "trust", scope: "id", constant: "1" },
  shared: { name: "app_trust", scope: "app_id" },
});

const READ_APP = APP.select(["name", "created_at AS createdAt"]);
const DELETE_APP = APP.delete();
const LIST_KEYS = KEYS.select(
  ["n", "algorithm", "material", "created_at AS createdAt", "scopes", "expires_at AS expiresAt"],
  { tail: "ORDER BY n" },
);
const INSERT_KEY = KEYS.insert([
  ...["n", "algorithm", "material", "created_at", "scopes", "expires_at"],
]);
const DELETE_KEY = KEYS.delete(["n"]);
const DELETE_KEYS = KEYS.delete();
const READ_LIVE_KEY = LIVE_KEY.select(["seed", "public_key AS publicKey"]);
const INSERT_LIVE_KEY = LIVE_KEY.insert(["seed", "public_key"]);
const DELETE_LIVE_KEY = [LIVE_KEY.delete()];
const READ_TRUST = TRUST.select(["version", "policy"]);
const PUT_TRUST = TRUST.put(["version", "policy"], []);
const DELETE_TRUST = [TRUST.delete()];

type Blob = Uint8Array | ArrayBuffer;

interface KeyRow extends Omit<StoredKey, "material" | "scopes"> {
  readonly material: Blob;
  /** Joined by commas; null in a row from before there were scopes. */
  readonly scopes: string | null;
}

function keyOf({ material, scopes, ...key }: KeyRow): StoredKey {
  const names = scopes?.split(",");
  return {
    ...key,
    material: bytesOf(material),
    scopes: names ? KEY_SCOPES.filter((scope) => names.includes(scope)) : ALL_RIGHTS.scopes,
  };
}

/** On either kind of database, except for how keys are counted. */
export abstract class AppRows<Tables extends ObjectTables> implements AppStore {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  app(): StoredApp | null {
    return this.tables.get<StoredApp>(READ_APP) ?? null;
  }

  abstract setApp(app: StoredApp): void;

  trust(): StoredTrust {
    const row = this.tables.get<{ readonly version: number; readonly policy: string }>(READ_TRUST);
    if (row === undefined) return NO_TRUST;
    return { policy: JSON.parse(row.policy), version: row.version };
  }

  setTrust({ policy, version }: StoredTrust): void {
    this.tables.run(PUT_TRUST, version, JSON.stringify(policy));
  }

  keys(): readonly StoredKey[] {
    return this.tables.all<KeyRow>(LIST_KEYS).map(keyOf);
  }

  addKey(key: Omit<StoredKey, "n">): StoredKey {
    const stored = { n: this.keysMade() + 1, ...key };
    this.#insert(stored);
    this.countKeys(stored.n);
    return stored;
  }

  removeKey(n: number): boolean {
    return this.tables.run(DELETE_KEY, n);
  }

  abstract keysMade(): number;

  putKeys(keys: readonly StoredKey[], made: number): void {
    for (const key of keys) this.#insert(key);
    this.countKeys(made);
  }

  liveKey(): LiveKey | null {
    const row = this.tables.get<{ readonly seed: Blob; readonly publicKey: Blob }>(READ_LIVE_KEY);
    if (row === undefined) return null;
    return { seed: bytesOf(row.seed), publicKey: bytesOf(row.publicKey) };
  }

  setLiveKey({ seed, publicKey }: LiveKey): void {
    this.tables.run(INSERT_LIVE_KEY, seed, publicKey);
  }

  removeApp(): boolean {
    this.tables.run(DELETE_KEYS);
    this.tables.erase(DELETE_LIVE_KEY);
    this.tables.erase(DELETE_TRUST);
    return this.tables.run(DELETE_APP);
  }

  /** Records how many keys were ever added; the next one gets the number after that. */
  protected abstract countKeys(made: number): void;

  #insert({ n, algorithm, material, createdAt, scopes, expiresAt }: StoredKey): void {
    const names = scopes.join(",");
    this.tables.run(INSERT_KEY, n, algorithm, material, createdAt, names, expiresAt);
  }
}

const INSERT_APP = APP.insert(["name", "created_at"]);

const OWN = {
  app: "(id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL)",
  // AUTOINCREMENT never reuses the number of a deleted key.
  key: `(
    n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL,
    scopes TEXT, expires_at INTEGER)`,
};
/** Since the second version. */
const ADDED = { key: { scopes: "TEXT", expires_at: "INTEGER" } };
/** Made on first use, and dropped with the app. */
const OWN_LIVE_KEY = {
  live_key: "(id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL, public_key BLOB NOT NULL)",
};
/** Made with the app, or by the first change of one that was stored before there were policies. */
const OWN_TRUST = {
  trust: "(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, policy TEXT NOT NULL)",
};

/** On the SQLite of the app's own object, where SQLite counts the keys. */
export class SqlAppStore extends AppRows<OwnTables> {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN, OWN_LIVE_KEY, OWN_TRUST], ADDED));
    this.#sql = sql;
  }

  setApp({ name, createdAt }: StoredApp): void {
    this.tables.run(INSERT_APP, name, createdAt);
  }

  keysMade(): number {
    if (!this.tables.exist) return 0;
    const [row] = this.#sql
      .exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'key'")
      .toArray();
    return row?.seq ?? 0;
  }

  protected countKeys(made: number): void {
    if (this.keysMade() >= made) return;
    // The last key is revoked. SQLite goes on from the highest number ever used, so that is inserted and deleted.
    this.tables.run(INSERT_KEY, made, "hmac-sha256", new Uint8Array(), 0, "", null);
    this.removeKey(made);
  }
}
