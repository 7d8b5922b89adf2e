/** A device's ports on the database that all devices share. */
import type {
  AccountRecord,
  DeviceStore,
  LinkRecord,
  MailBody,
  MailHeader,
  RegistrationRecord,
} from "../../../core/device/store.ts";
import type { ContentTypeCode, Lane } from "../../../core/device/types.ts";
import { CommitError, type Database } from "./database.ts";

export class SharedDeviceStore implements DeviceStore {
  readonly #db: Database;
  readonly #name: string;
  /** The device's row; null until it has an account. */
  #id: number | null;
  #alarmAt: number | null;
  /** The transaction that this device wrote in last. */
  #batch = -1;
  #failure: CommitError | null = null;

  constructor(db: Database, name: string) {
    this.#db = db;
    this.#name = name;
    const row = db.get<{ id: number; at: number | null }>(
      "SELECT id, at FROM devices LEFT JOIN alarms ON device = id WHERE name = ?",
      name,
    );
    this.#id = row?.id ?? null;
    this.#alarmAt = row?.at ?? null;
  }

  /** When the device's alarm is set for; null for not at all. */
  get alarmAt(): number | null {
    return this.#alarmAt;
  }

  setAlarm(at: number): void {
    this.#run(
      "INSERT INTO alarms (device, at) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET at = excluded.at",
      this.#id,
      at,
    );
    this.#alarmAt = at;
  }

  clearAlarm(): void {
    this.#run("DELETE FROM alarms WHERE device = ?", this.#id);
    this.#alarmAt = null;
  }

  /** The device's number in the tables; null until it has an account. */
  get id(): number | null {
    return this.#id;
  }

  /** Why something this device wrote is not stored: what it has in memory is not to be trusted any more. */
  get failure(): CommitError | null {
    return this.#failure;
  }

  /** Whether something this device wrote is not on disk yet. */
  get isPending(): boolean {
    return this.#db.isPending(this.#batch);
  }

  readAccount(): AccountRecord | null {
    const row = this.#db.get<{ account: string }>(
      "SELECT account FROM devices WHERE id = ?",
      this.#id,
    );
    return row === undefined ? null : (JSON.parse(row.account) as AccountRecord);
  }

  writeAccount(record: AccountRecord): void {
    this.#run(
      `INSERT INTO devices (name, account) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET account = excluded.account`,
      this.#name,
      JSON.stringify(record),
    );
    this.#id ??=
      this.#db.get<{ id: number }>("SELECT id FROM devices WHERE name = ?", this.#name)?.id ?? null;
  }

  readLink(): LinkRecord | null {
    const row = this.#db.get<{ link: string | null }>(
      "SELECT link FROM devices WHERE id = ?",
      this.#id,
    );
    return row?.link == null ? null : (JSON.parse(row.link) as LinkRecord);
  }

  writeLink(record: LinkRecord): void {
    this.#run("UPDATE devices SET link = ? WHERE id = ?", JSON.stringify(record), this.#id);
  }

  listRegistrations(): RegistrationRecord[] {
    return this.#db.all<RegistrationRecord>(
      `SELECT slot, app, created_at AS createdAt, ended_at AS endedAt
       FROM registrations WHERE device = ? ORDER BY slot`,
      this.#id,
    );
  }

  putRegistration({ slot, app, createdAt, endedAt }: RegistrationRecord): void {
    this.#run(
      `INSERT INTO registrations (device, slot, app, created_at, ended_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (device, slot) DO UPDATE SET app = excluded.app,
         created_at = excluded.created_at, ended_at = excluded.ended_at`,
      this.#id,
      slot,
      app,
      createdAt,
      endedAt,
    );
  }

  deleteRegistration(slot: number): void {
    this.#run("DELETE FROM registrations WHERE device = ? AND slot = ?", this.#id, slot);
  }

  listMail(): MailHeader[] {
    return this.#db.all<MailHeader & { lane: Lane }>(
      `SELECT seq, slot, lane, key, length(data) AS bytes, expires_at AS expiresAt,
         collapse_key AS collapseKey
       FROM mail WHERE device = ? ORDER BY seq`,
      this.#id,
    );
  }

  insertMail(header: MailHeader, body: MailBody): void {
    this.#run(
      `INSERT INTO mail
         (device, seq, slot, lane, key, expires_at, collapse_key, content_type, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      this.#id,
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
    for (const seq of seqs) {
      this.#run("DELETE FROM mail WHERE device = ? AND seq = ?", this.#id, seq);
    }
  }

  readMail(seq: number): MailBody | null {
    const row = this.#db.get<{ contentType: ContentTypeCode; data: Uint8Array }>(
      "SELECT content_type AS contentType, data FROM mail WHERE device = ? AND seq = ?",
      this.#id,
      seq,
    );
    return row ?? null;
  }

  readOutcomes(slot: number): string | null {
    const row = this.#db.get<{ outcomes: string | null }>(
      "SELECT outcomes FROM registrations WHERE device = ? AND slot = ?",
      this.#id,
      slot,
    );
    return row?.outcomes ?? null;
  }

  writeOutcomes(slot: number, log: string): void {
    this.#run(
      "UPDATE registrations SET outcomes = ? WHERE device = ? AND slot = ?",
      log,
      this.#id,
      slot,
    );
  }

  #run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    try {
      this.#db.run(sql, ...values);
    } catch (error) {
      if (error instanceof CommitError) this.#failure = error;
      throw error;
    }
    this.#batch = this.#db.batch;
  }
}
