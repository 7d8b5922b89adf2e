/** The rows of the list of apps, of operators' credentials and of the audit log. docs/storage.md describes the tables. */
import type { DirectoryEntry, DirectoryStore } from "../../core/app/directory.ts";
import type { AuditEntry, AuditStore } from "../../core/operator/audit.ts";
import type { CredentialStore, StoredCredential } from "../../core/operator/credentials.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { bytesOf, type ObjectTables, Table } from "./table.ts";

// There is one list in a mesh, so neither kind of database needs a column that says whose a row is.
const APPS = new Table({ own: { name: "app" }, shared: { name: "directory" } });
const CREDENTIALS = new Table({
  own: { name: "credential" },
  shared: { name: "credentials" },
  names: ["name"],
});
const AUDIT = new Table({ own: { name: "audit" }, shared: { name: "audit" } });

const COUNT = APPS.select(["count(*) AS count"]);
const FIND = APPS.select(["1"], { where: "app_id = ?" });
const INSERT = APPS.insert(["app_id", "name", "created_at"]);
const DELETE = APPS.delete(["app_id"]);
// In order of creation. Only a rowid tells apps created in the same millisecond apart, and the shared table has none.
const LIST = APPS.select(["app_id AS appId", "name", "created_at AS createdAt"], {
  tail: { own: "ORDER BY rowid", shared: "ORDER BY created_at, app_id" },
});

const CREDENTIAL_FIELDS = [
  "id AS credentialId",
  "name",
  "role",
  "hash",
  "created_at AS createdAt",
  "expires_at AS expiresAt",
  "used_at AS usedAt",
];
const READ_CREDENTIAL = CREDENTIALS.select(CREDENTIAL_FIELDS, { where: "id = ?" });
const LIST_CREDENTIALS = CREDENTIALS.select(CREDENTIAL_FIELDS, { tail: "ORDER BY created_at, id" });
const INSERT_CREDENTIAL = CREDENTIALS.insert([
  ...["id", "name", "role", "hash", "created_at", "expires_at", "used_at"],
]);
const USE_CREDENTIAL = CREDENTIALS.update(["used_at"], ["id"]);
const DELETE_CREDENTIAL = CREDENTIALS.delete(["id"]);

const INSERT_AUDIT = AUDIT.insert(["id", "at", "share", "app_id", "event"]);
const DELETE_AUDIT = AUDIT.delete(["id"]);
const LAST_AUDIT = AUDIT.select(["max(id) AS id"]);
const COUNT_AUDIT = AUDIT.select(["count(*) AS count"], { where: "share = ?" });
const OLDEST_AUDIT = AUDIT.select(["min(id) AS id"], { where: "share = ?" });
const OLDEST_AUDITS = AUDIT.select(["id", "at"], { tail: "ORDER BY id LIMIT ?" });
const AUDITS = AUDIT.select(["id", "event"], { where: "id < ?", tail: "ORDER BY id DESC LIMIT ?" });
const AUDITS_OF_APP = AUDIT.select(["id", "event"], {
  where: "app_id = ? AND id < ?",
  tail: "ORDER BY id DESC LIMIT ?",
});

type CredentialRow = Omit<StoredCredential, "hash"> & { readonly hash: Uint8Array | ArrayBuffer };
interface AuditRow {
  readonly id: number;
  readonly event: string;
}

const credentialOf = (row: CredentialRow): StoredCredential => ({
  ...row,
  hash: bytesOf(row.hash),
});

/** On either kind of database. */
export class DirectoryRows<Tables extends ObjectTables>
  implements DirectoryStore, CredentialStore, AuditStore
{
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  count(): number {
    return this.tables.get<{ readonly count: number }>(COUNT)?.count ?? 0;
  }

  has(appId: string): boolean {
    return this.tables.get(FIND, appId) !== undefined;
  }

  add({ appId, name, createdAt }: DirectoryEntry): void {
    this.tables.run(INSERT, appId, name, createdAt);
  }

  remove(appId: string): boolean {
    return this.tables.run(DELETE, appId);
  }

  list(): readonly DirectoryEntry[] {
    return this.tables.all<DirectoryEntry>(LIST);
  }

  credential(credentialId: string): StoredCredential | null {
    const row = this.tables.get<CredentialRow>(READ_CREDENTIAL, credentialId);
    return row === undefined ? null : credentialOf(row);
  }

  credentials(): readonly StoredCredential[] {
    return this.tables.all<CredentialRow>(LIST_CREDENTIALS).map(credentialOf);
  }

  addCredential(credential: StoredCredential): void {
    const { credentialId, name, role, hash, createdAt, expiresAt, usedAt } = credential;
    this.tables.run(
      INSERT_CREDENTIAL,
      ...[credentialId, name, role, hash, createdAt, expiresAt, usedAt],
    );
  }

  setCredentialUsed(credentialId: string, usedAt: number): void {
    this.tables.run(USE_CREDENTIAL, usedAt, credentialId);
  }

  removeCredential(credentialId: string): boolean {
    return this.tables.run(DELETE_CREDENTIAL, credentialId);
  }

  addAudit({ id, ...event }: AuditEntry, share: string): void {
    this.tables.run(INSERT_AUDIT, id, event.at, share, event.appId, JSON.stringify(event));
  }

  removeAudit(id: number): void {
    this.tables.run(DELETE_AUDIT, id);
  }

  lastAudit(): number {
    return this.tables.get<{ readonly id: number | null }>(LAST_AUDIT)?.id ?? 0;
  }

  countAudit(share: string): number {
    return this.tables.get<{ readonly count: number }>(COUNT_AUDIT, share)?.count ?? 0;
  }

  oldestAudit(share: string): number | null {
    return this.tables.get<{ readonly id: number | null }>(OLDEST_AUDIT, share)?.id ?? null;
  }

  oldestAudits(limit: number): readonly { readonly id: number; readonly at: number }[] {
    return this.tables.all(OLDEST_AUDITS, limit);
  }

  audits(before: number, appId: string | null, limit: number): readonly AuditEntry[] {
    const rows =
      appId === null
        ? this.tables.all<AuditRow>(AUDITS, before, limit)
        : this.tables.all<AuditRow>(AUDITS_OF_APP, appId, before, limit);
    return rows.map(({ id, event }) => ({ id, ...JSON.parse(event) }));
  }
}

const OWN = {
  app: "(app_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at INTEGER NOT NULL)",
};

/** Made on first use. */
const OWN_CREDENTIALS = {
  credential: `(
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
    used_at INTEGER) WITHOUT ROWID`,
};
const OWN_AUDIT = {
  // The unique pair is the index by which the entries of one share are counted.
  audit: `(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, share TEXT NOT NULL, app_id TEXT, event TEXT NOT NULL, UNIQUE (share, id))`,
};

/** On the SQLite of the directory's own object. */
export class SqlDirectoryStore extends DirectoryRows<OwnTables> {
  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN, OWN_CREDENTIALS, OWN_AUDIT]));
  }
}
