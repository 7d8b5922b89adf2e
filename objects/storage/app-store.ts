/** The rows of one app. docs/storage.md describes the tables. */
import {
  ALL_RIGHTS,
  type AppStore,
  type LiveKey,
  type StoredApp,
  type StoredKey,
} from "../../core/app/app.ts";
import type { Denial } from "../../core/app/denials.ts";
import type { StoredQuota } from "../../core/app/quota.ts";
import { SealedSecretError, type StoredSecrets } from "../../core/identity/stored-secrets.ts";
import { NO_TRUST, type StoredTrust } from "../../core/trust/policy.ts";
import { KEY_SCOPES } from "../../schema/http/enums.ts";
import { LIMITS } from "../../schema/limits.ts";
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
const DENIALS = new Table({
  own: { name: "denial" },
  shared: { name: "app_denials", scope: "app_id" },
  names: ["name"],
});
const QUOTA = new Table({
  own: { name: "quota", scope: "id", constant: "1" },
  shared: { name: "app_quotas", scope: "app_id" },
});

const READ_APP = APP.select(["name", "created_at AS createdAt"]);
const DELETE_APP = APP.delete();
const LIST_KEYS = KEYS.select(
  [
    ...["n", "algorithm", "material", "created_at AS createdAt"],
    ...["scopes", "expires_at AS expiresAt", "last_used_at AS lastUsedAt"],
  ],
  { tail: "ORDER BY n" },
);
const INSERT_KEY = KEYS.insert([
  ...["n", "algorithm", "material", "created_at", "scopes", "expires_at", "last_used_at"],
]);
const RESEAL_KEY = KEYS.update(["material"], ["n"]);
const READ_LAST_USED = KEYS.select(["last_used_at AS lastUsedAt"], { where: "n = ?" });
const SET_LAST_USED = KEYS.update(["last_used_at"], ["n"]);
const DELETE_KEY = KEYS.delete(["n"]);
const DELETE_KEYS = KEYS.delete();
const READ_LIVE_KEY = LIVE_KEY.select(["seed", "public_key AS publicKey"]);
const INSERT_LIVE_KEY = LIVE_KEY.insert(["seed", "public_key"]);
const RESEAL_LIVE_KEY = LIVE_KEY.update(["seed"], []);
const DELETE_LIVE_KEY = [LIVE_KEY.delete()];
const READ_TRUST = TRUST.select(["version", "policy"]);
const PUT_TRUST = TRUST.put(["version", "policy"], []);
const DELETE_TRUST = [TRUST.delete()];

const LIST_DENIALS = DENIALS.select(["kind", "name", "expires_at AS expiresAt"]);
const PUT_DENIAL = DENIALS.put(["kind", "name", "expires_at"], ["kind", "name"]);
const DELETE_DENIAL = DENIALS.delete(["kind", "name"]);
const DELETE_DENIALS = [DENIALS.delete()];

const QUOTA_COLUMNS = ["per_second", "burst", "full_at", "leased_until", "queue_seconds"];
const READ_QUOTA = QUOTA.select([
  "per_second AS perSecond",
  "burst",
  "full_at AS fullAt",
  "leased_until AS leasedUntil",
  "queue_seconds AS queueSeconds",
]);
const PUT_QUOTA = QUOTA.put(QUOTA_COLUMNS, []);
const DELETE_QUOTA = [QUOTA.delete()];

type Blob = Uint8Array | ArrayBuffer;

interface KeyRow extends Omit<StoredKey, "material" | "scopes"> {
  readonly material: Blob;
  /** Joined by commas; null in a row from before there were scopes. */
  readonly scopes: string | null;
}

function keyOf({ scopes, ...key }: KeyRow, material: Uint8Array | null): StoredKey {
  const names = scopes?.split(",");
  return {
    ...key,
    material,
    scopes: names ? KEY_SCOPES.filter((scope) => names.includes(scope)) : ALL_RIGHTS.scopes,
  };
}

interface LiveKeyRow {
  readonly seed: Blob;
  readonly publicKey: Blob;
}

/** Names of secrets: part of what they are sealed with. */
const keyRow = (n: number): string => `key ${n}`;
const LIVE = "live key";

/** Rows that each admission needs. An app at its bounds has 1,259 of them. */
interface Kept {
  app?: StoredApp;
  trust?: StoredTrust;
  denials?: readonly Denial[];
  keys?: readonly StoredKey[];
}

/** On either kind of database, except for how keys are counted. */
export abstract class AppRows<Tables extends ObjectTables> implements AppStore {
  protected readonly tables: Tables;
  readonly #secrets: StoredSecrets;
  #hasStaleSecrets = false;
  /** Read once: nobody else writes the rows of an app while its object lives. */
  readonly #kept: Kept = {};

  constructor(tables: Tables, secrets: StoredSecrets) {
    this.tables = tables;
    this.#secrets = secrets;
  }

  app(): StoredApp | null {
    const app = this.#kept.app ?? this.tables.get<StoredApp>(READ_APP);
    if (app !== undefined) this.#kept.app = app;
    return app ?? null;
  }

  abstract setApp(app: StoredApp): void;

  trust(): StoredTrust {
    this.#kept.trust ??= this.#readTrust();
    return this.#kept.trust;
  }

  #readTrust(): StoredTrust {
    const row = this.tables.get<{ readonly version: number; readonly policy: string }>(READ_TRUST);
    if (row === undefined) return NO_TRUST;
    return { policy: JSON.parse(row.policy), version: row.version };
  }

  setTrust({ policy, version }: StoredTrust): void {
    delete this.#kept.trust;
    this.tables.run(PUT_TRUST, version, JSON.stringify(policy));
  }

  denials(): readonly Denial[] {
    this.#kept.denials ??= this.tables.all<Denial>(LIST_DENIALS);
    return this.#kept.denials;
  }

  putDenial({ kind, name, expiresAt }: Denial): void {
    delete this.#kept.denials;
    this.tables.run(PUT_DENIAL, kind, name, expiresAt);
  }

  removeDenial({ kind, name }: Pick<Denial, "kind" | "name">): void {
    delete this.#kept.denials;
    this.tables.run(DELETE_DENIAL, kind, name);
  }

  keys(): readonly StoredKey[] {
    this.#kept.keys ??= this.#readKeys();
    return this.#kept.keys;
  }

  #readKeys(): readonly StoredKey[] {
    this.#hasStaleSecrets = false;
    return this.tables.all<KeyRow>(LIST_KEYS).map((row) => {
      const material = bytesOf(row.material);
      if (row.algorithm === "ed25519") return keyOf(row, material);
      const opened = this.#secrets.open(keyRow(row.n), material);
      if (opened?.isStale) this.#hasStaleSecrets = true;
      return keyOf(row, opened?.secret ?? null);
    });
  }

  setLastUsed(n: number, at: number): void {
    const row = this.tables.get<Pick<StoredKey, "lastUsedAt">>(READ_LAST_USED, n);
    if (row === undefined || at - (row.lastUsedAt ?? 0) < LIMITS.KEY_USE_MS) return;
    delete this.#kept.keys;
    this.tables.run(SET_LAST_USED, at, n);
  }

  get hasStaleSecrets(): boolean {
    return this.#hasStaleSecrets;
  }

  sealStaleSecrets(): number {
    let written = 0;
    for (const { n, algorithm, material } of this.tables.all<KeyRow>(LIST_KEYS)) {
      if (algorithm === "ed25519") continue;
      const opened = this.#secrets.open(keyRow(n), bytesOf(material));
      if (!opened?.isStale) continue;
      this.tables.run(RESEAL_KEY, this.#secrets.seal(keyRow(n), opened.secret), n);
      written++;
    }
    const live = this.tables.get<LiveKeyRow>(READ_LIVE_KEY);
    const opened = live === undefined ? null : this.#secrets.open(LIVE, bytesOf(live.seed));
    if (opened?.isStale) {
      this.tables.run(RESEAL_LIVE_KEY, this.#secrets.seal(LIVE, opened.secret));
      written++;
    }
    this.#hasStaleSecrets = false;
    return written;
  }

  addKey(key: Omit<StoredKey, "n">): StoredKey {
    const stored = { n: this.keysMade() + 1, ...key };
    this.#insert(stored);
    this.countKeys(stored.n);
    return stored;
  }

  removeKey(n: number): boolean {
    delete this.#kept.keys;
    return this.tables.run(DELETE_KEY, n);
  }

  abstract keysMade(): number;

  putKeys(keys: readonly StoredKey[], made: number): void {
    for (const key of keys) this.#insert(key);
    this.countKeys(made);
  }

  liveKey(): LiveKey | null {
    const row = this.tables.get<LiveKeyRow>(READ_LIVE_KEY);
    if (row === undefined) return null;
    const opened = this.#secrets.open(LIVE, bytesOf(row.seed));
    if (opened === null)
      throw new SealedSecretError("MESH_KEYS lacks the key that sealed the app's live key");
    if (opened.isStale) this.#hasStaleSecrets = true;
    return { seed: opened.secret, publicKey: bytesOf(row.publicKey) };
  }

  setLiveKey({ seed, publicKey }: LiveKey): void {
    this.tables.run(INSERT_LIVE_KEY, this.#secrets.seal(LIVE, seed), publicKey);
  }

  quota(): StoredQuota | null {
    const row = this.tables.get<QuotaRow>(READ_QUOTA);
    if (row === undefined) return null;
    const { queueSeconds, ...quota } = row;
    return queueSeconds === null ? quota : { ...quota, queueSeconds };
  }

  setQuota(quota: StoredQuota | null): void {
    if (quota === null) this.tables.erase(DELETE_QUOTA);
    else {
      const { perSecond, burst, fullAt, leasedUntil, queueSeconds = null } = quota;
      this.tables.run(PUT_QUOTA, perSecond, burst, fullAt, leasedUntil, queueSeconds);
    }
  }

  removeApp(): boolean {
    for (const kept of ["app", "trust", "denials", "keys"] as const) delete this.#kept[kept];
    this.tables.run(DELETE_KEYS);
    this.tables.erase(DELETE_LIVE_KEY);
    this.tables.erase(DELETE_TRUST);
    this.tables.erase(DELETE_DENIALS);
    this.tables.erase(DELETE_QUOTA);
    return this.tables.run(DELETE_APP);
  }

  /** Records how many keys were ever added; the next one gets the number after that. */
  protected abstract countKeys(made: number): void;

  #insert({ n, algorithm, material, scopes, ...key }: StoredKey): void {
    const names = scopes.join(",");
    if (material === null) throw new Error(`key ${n} has no material`);
    const stored = algorithm === "ed25519" ? material : this.#secrets.seal(keyRow(n), material);
    const { createdAt, expiresAt, lastUsedAt } = key;
    delete this.#kept.keys;
    this.tables.run(INSERT_KEY, n, algorithm, stored, createdAt, names, expiresAt, lastUsedAt);
  }
}

interface QuotaRow extends Omit<StoredQuota, "queueSeconds"> {
  readonly queueSeconds: number | null;
}

const INSERT_APP = APP.insert(["name", "created_at"]);

const OWN = {
  app: "(id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL)",
  // AUTOINCREMENT never reuses the number of a deleted key.
  key: `(
    n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL,
    scopes TEXT, expires_at INTEGER, last_used_at INTEGER)`,
};
/** Since the second version; that of the quota, since there are queues. */
const ADDED = {
  key: { scopes: "TEXT", expires_at: "INTEGER", last_used_at: "INTEGER" },
  quota: { queue_seconds: "INTEGER" },
};
/** Made on first use, and dropped with the app. */
const OWN_LIVE_KEY = {
  live_key: "(id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL, public_key BLOB NOT NULL)",
};
/** Made with the app, or by the first change of one that was stored before there were policies. */
const OWN_TRUST = {
  trust: "(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, policy TEXT NOT NULL)",
};
/** Made with the app's first denial, and dropped with the app. */
const OWN_DENIALS = {
  denial:
    "(kind TEXT, name TEXT, expires_at INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
};

/** Made with the app's first quota, and dropped with the last. */
const OWN_QUOTA = {
  quota: `(
    id INTEGER PRIMARY KEY CHECK (id = 1), per_second REAL NOT NULL, burst INTEGER NOT NULL, full_at REAL NOT NULL,
    leased_until REAL NOT NULL, queue_seconds INTEGER)`,
};

/** On the SQLite of the app's own object, where SQLite counts the keys. */
export class SqlAppStore extends AppRows<OwnTables> {
  readonly #sql: Sql;

  constructor(sql: Sql, secrets: StoredSecrets) {
    super(
      new OwnTables(sql, [OWN, OWN_LIVE_KEY, OWN_TRUST, OWN_DENIALS, OWN_QUOTA], ADDED),
      secrets,
    );
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
    this.tables.run(INSERT_KEY, made, "hmac-sha256", new Uint8Array(), 0, "", null, null);
    this.removeKey(made);
  }
}
