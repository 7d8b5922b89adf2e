/** A device's ports on the SQLite of its own object. docs/storage.md describes the tables. */
import type {
  AccountRecord,
  DeviceStore,
  LinkRecord,
  MailBody,
  MailHeader,
  RegistrationRecord,
} from "../../core/device/store.ts";
import type { ContentTypeCode, Lane } from "../../core/device/types.ts";
import type { Sql } from "./sql.ts";

// Each table has one b-tree: a secondary index would be a second row written for every message.
const TABLES = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS registrations (
    slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER);
  CREATE TABLE IF NOT EXISTS outcomes (slot INTEGER PRIMARY KEY, log TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS mail (
    seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL);
`;

/** Rows of `state`. */
const ACCOUNT = 1;
const LINK = 2;
/** Bound parameters of one statement (platform limit: 100). */
const PARAMETERS = 100;

/** The account as it is stored: with the name of the object, which its database file does not tell by itself. */
type StoredAccount = AccountRecord & { readonly name: string };

const hasTables = (sql: Sql): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'state'").toArray().length > 0;

function readState<Value>(sql: Sql, id: number): Value | null {
  const [row] = sql.exec<{ value: string }>("SELECT value FROM state WHERE id = ?", id).toArray();
  return row === undefined ? null : (JSON.parse(row.value) as Value);
}

/** The name of the device whose database this is; null where it never held an account. */
export function nameIn(sql: Sql): string | null {
  return hasTables(sql) ? (readState<StoredAccount>(sql, ACCOUNT)?.name ?? null) : null;
}

export class SqlDeviceStore implements DeviceStore {
  readonly #sql: Sql;
  readonly #name: string;
  /** An object that never held an account has no tables, and being asked makes none. */
  #hasTables: boolean;

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.#name = name;
    this.#hasTables = hasTables(sql);
  }

  readAccount(): AccountRecord | null {
    const stored = this.#read<StoredAccount>(ACCOUNT);
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  writeAccount(record: AccountRecord): void {
    if (!this.#hasTables) this.#sql.exec(TABLES);
    this.#hasTables = true;
    this.#write(ACCOUNT, { ...record, name: this.#name } satisfies StoredAccount);
  }

  readLink(): LinkRecord | null {
    return this.#read<LinkRecord>(LINK);
  }

  writeLink(record: LinkRecord): void {
    this.#write(LINK, record);
  }

  listRegistrations(): RegistrationRecord[] {
    const rows = this.#sql.exec<{
      slot: number;
      app: string;
      created_at: number;
      ended_at: number | null;
    }>("SELECT slot, app, created_at, ended_at FROM registrations ORDER BY slot");
    return rows.toArray().map((row) => ({
      slot: row.slot,
      app: row.app,
      createdAt: row.created_at,
      endedAt: row.ended_at,
    }));
  }

  putRegistration({ slot, app, createdAt, endedAt }: RegistrationRecord): void {
    this.#sql.exec(
      `INSERT INTO registrations (slot, app, created_at, ended_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET app = excluded.app, created_at = excluded.created_at,
         ended_at = excluded.ended_at`,
      slot,
      app,
      createdAt,
      endedAt,
    );
  }

  deleteRegistration(slot: number): void {
    this.#sql.exec("DELETE FROM registrations WHERE slot = ?", slot);
    this.#sql.exec("DELETE FROM outcomes WHERE slot = ?", slot);
  }

  listMail(): MailHeader[] {
    const rows = this.#sql.exec<{
      seq: number;
      slot: number;
      lane: number;
      key: string;
      bytes: number;
      expires_at: number;
      collapse_key: string | null;
    }>(
      `SELECT seq, slot, lane, key, length(data) AS bytes, expires_at, collapse_key
       FROM mail ORDER BY seq`,
    );
    return rows.toArray().map((row) => ({
      seq: row.seq,
      slot: row.slot,
      lane: row.lane as Lane,
      key: row.key,
      bytes: row.bytes,
      expiresAt: row.expires_at,
      collapseKey: row.collapse_key,
    }));
  }

  insertMail(header: MailHeader, body: MailBody): void {
    this.#sql.exec(
      `INSERT INTO mail (seq, slot, lane, key, expires_at, collapse_key, content_type, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      header.seq,
      header.slot,
      header.lane,
      header.key,
      header.expiresAt,
      header.collapseKey,
      body.contentType,
      body.data,
    );
  }

  deleteMail(seqs: readonly number[]): void {
    for (let at = 0; at < seqs.length; at += PARAMETERS) {
      const some = seqs.slice(at, at + PARAMETERS);
      this.#sql.exec(`DELETE FROM mail WHERE seq IN (${some.map(() => "?").join()})`, ...some);
    }
  }

  readMail(seq: number): MailBody | null {
    const row = this.#sql
      .exec<{ content_type: number; data: ArrayBuffer }>(
        "SELECT content_type, data FROM mail WHERE seq = ?",
        seq,
      )
      .toArray()[0];
    if (row === undefined) return null;
    return { contentType: row.content_type as ContentTypeCode, data: new Uint8Array(row.data) };
  }

  readOutcomes(slot: number): string | null {
    const row = this.#sql
      .exec<{ log: string }>("SELECT log FROM outcomes WHERE slot = ?", slot)
      .toArray()[0];
    return row?.log ?? null;
  }

  writeOutcomes(slot: number, log: string): void {
    this.#sql.exec(
      `INSERT INTO outcomes (slot, log) VALUES (?, ?)
       ON CONFLICT (slot) DO UPDATE SET log = excluded.log`,
      slot,
      log,
    );
  }

  #read<Value>(id: number): Value | null {
    return this.#hasTables ? readState<Value>(this.#sql, id) : null;
  }

  #write(id: number, value: StoredAccount | LinkRecord): void {
    this.#sql.exec(
      `INSERT INTO state (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      id,
      JSON.stringify(value),
    );
  }
}
