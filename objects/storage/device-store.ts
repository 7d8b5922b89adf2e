/** A device's ports on the SQLite of its own object. docs/storage.md describes the tables. */
import type { Attributes } from "../../core/condition/types.ts";
import type {
  AccountRecord,
  DeviceStore,
  HeldAlias,
  LinkRecord,
  MailBody,
  MailHeader,
  RegistrationRecord,
  TagRecord,
} from "../../core/device/store.ts";
import { aliasBits, ofAliasBits } from "../../core/device/store.ts";
import type { Lane } from "../../core/message/priority.ts";
import type { ContentTypeCode } from "../../core/message/send.ts";
import { DeviceTables } from "./device-tables.ts";
import type { Sql } from "./sql.ts";

/** Rows of `state`. */
const ACCOUNT = 1;
const LINK = 2;
/** Bound parameters of one statement (platform limit: 100). */
const PARAMETERS = 100;

/** The account as it is stored: with the name of the object, which its database file does not tell by itself. */
type StoredAccount = AccountRecord & { readonly name: string };

function readState<Value>(sql: Sql, id: number): Value | null {
  const [row] = sql.exec<{ value: string }>("SELECT value FROM state WHERE id = ?", id).toArray();
  return row === undefined ? null : (JSON.parse(row.value) as Value);
}

/** The name of the device whose database this is; null where it never held an account. */
export function nameIn(sql: Sql): string | null {
  return new DeviceTables(sql).exist
    ? (readState<StoredAccount>(sql, ACCOUNT)?.name ?? null)
    : null;
}

export class SqlDeviceStore implements DeviceStore {
  readonly #sql: Sql;
  readonly #name: string;
  readonly #tables: DeviceTables;

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.#name = name;
    this.#tables = new DeviceTables(sql);
  }

  readAccount(): AccountRecord | null {
    const stored = this.#read<StoredAccount>(ACCOUNT);
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  writeAccount(record: AccountRecord): void {
    this.#tables.make();
    this.#write(ACCOUNT, { ...record, name: this.#name } satisfies StoredAccount);
  }

  readLink(): LinkRecord | null {
    return this.#read<LinkRecord>(LINK);
  }

  writeLink(record: LinkRecord): void {
    this.#write(LINK, record);
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.#tables.exist;
  }

  erase(): void {
    this.#tables.drop();
  }

  listRegistrations(): RegistrationRecord[] {
    const rows = this.#sql.exec<{
      slot: number;
      app: string;
      created_at: number;
      ended_at: number | null;
      generation: number;
    }>(
      `SELECT slot, app, created_at, ended_at, ${this.#tables.sinceThird("generation")}
       FROM registrations ORDER BY slot`,
    );
    return rows.toArray().map((row) => ({
      slot: row.slot,
      app: row.app,
      createdAt: row.created_at,
      endedAt: row.ended_at,
      generation: row.generation,
    }));
  }

  putRegistration({ slot, app, createdAt, endedAt, generation }: RegistrationRecord): void {
    this.#tables.make();
    this.#sql.exec(
      `INSERT INTO registrations (slot, app, created_at, ended_at, generation) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET app = excluded.app, created_at = excluded.created_at,
         ended_at = excluded.ended_at, generation = excluded.generation`,
      slot,
      app,
      createdAt,
      endedAt,
      generation,
    );
  }

  deleteRegistration(slot: number): void {
    this.#sql.exec("DELETE FROM registrations WHERE slot = ?", slot);
    this.#sql.exec("DELETE FROM outcomes WHERE slot = ?", slot);
  }

  listMail(): MailHeader[] {
    const firstAckAlias = this.#tables.knowTags ? "first_ack_alias" : "NULL AS first_ack_alias";
    const rows = this.#sql.exec<{
      seq: number;
      slot: number;
      lane: number;
      key: string;
      bytes: number;
      expires_at: number;
      collapse_key: string | null;
      first_ack_alias: string | null;
      fingerprint: number | null;
    }>(
      `SELECT seq, slot, lane, key, length(data) AS bytes, expires_at, collapse_key, ${firstAckAlias},
         ${this.#tables.sinceThird("fingerprint")}
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
      firstAckAlias: row.first_ack_alias,
      fingerprint: row.fingerprint,
    }));
  }

  insertMail(header: MailHeader, body: MailBody): void {
    this.#tables.make();
    this.#sql.exec(
      `INSERT INTO mail
         (seq, slot, lane, key, expires_at, collapse_key, first_ack_alias, content_type, data,
          fingerprint)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      header.seq,
      header.slot,
      header.lane,
      header.key,
      header.expiresAt,
      header.collapseKey,
      header.firstAckAlias,
      body.contentType,
      body.data,
      header.fingerprint,
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

  listTags(): TagRecord[] {
    if (!this.#tables.knowTags) return [];
    const tables = this.#tables;
    return this.#sql
      .exec<{
        ref: number;
        slot: number;
        tag: string;
        path: string;
        generation: number;
        epoch: number;
      }>(
        `SELECT ref, slot, tag, path, ${tables.sinceThird("generation")}, ${tables.sinceThird("epoch")} FROM tags`,
      )
      .toArray();
  }

  putTag({ ref, slot, tag, path, generation, epoch }: TagRecord): void {
    this.#tables.make();
    this.#sql.exec(
      `INSERT INTO tags (ref, slot, tag, path, generation, epoch) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (ref) DO UPDATE SET slot = excluded.slot, tag = excluded.tag, path = excluded.path,
         generation = excluded.generation, epoch = excluded.epoch`,
      ref,
      slot,
      tag,
      path,
      generation,
      epoch,
    );
  }

  deleteTag(ref: number): void {
    if (this.#tables.knowTags) this.#sql.exec("DELETE FROM tags WHERE ref = ?", ref);
  }

  listAliases(): HeldAlias[] {
    if (!this.#tables.knowTags) return [];
    return this.#sql
      .exec<{ slot: number; alias: string; shared: number; generation: number }>(
        `SELECT slot, alias, shared, ${this.#tables.sinceThird("generation")} FROM aliases`,
      )
      .toArray()
      .map(({ shared, ...row }) => ({ ...row, ...ofAliasBits(shared) }));
  }

  putAlias({ slot, alias, generation, ...state }: HeldAlias): void {
    this.#tables.make();
    this.#sql.exec(
      `INSERT INTO aliases (slot, alias, shared, generation) VALUES (?, ?, ?, ?)
       ON CONFLICT (slot, alias) DO UPDATE SET shared = excluded.shared,
         generation = excluded.generation`,
      slot,
      alias,
      aliasBits(state),
      generation,
    );
  }

  deleteAlias(slot: number, alias: string): void {
    if (!this.#tables.knowTags) return;
    this.#sql.exec("DELETE FROM aliases WHERE slot = ? AND alias = ?", slot, alias);
  }

  readAttributes(slot: number): Attributes | null {
    if (!this.#tables.knowTags) return null;
    const [row] = this.#sql
      .exec<{ value: string }>("SELECT value FROM attributes WHERE slot = ?", slot)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.value) as Attributes);
  }

  writeAttributes(slot: number, attributes: Attributes | null): void {
    this.#tables.make();
    if (attributes === null) {
      this.#sql.exec("DELETE FROM attributes WHERE slot = ?", slot);
      return;
    }
    this.#sql.exec(
      `INSERT INTO attributes (slot, value) VALUES (?, ?)
       ON CONFLICT (slot) DO UPDATE SET value = excluded.value`,
      slot,
      JSON.stringify(attributes),
    );
  }

  #read<Value>(id: number): Value | null {
    return this.#tables.exist ? readState<Value>(this.#sql, id) : null;
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
