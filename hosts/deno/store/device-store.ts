/** A device's ports on the database that all devices share. */
import type { Attributes } from "../../../core/condition/types.ts";
import type {
  AccountRecord,
  DeviceStore,
  HeldAlias,
  LinkRecord,
  MailBody,
  MailHeader,
  RegistrationRecord,
  TagRecord,
} from "../../../core/device/store.ts";
import { aliasBits, ofAliasBits } from "../../../core/device/store.ts";
import type { Lane } from "../../../core/message/priority.ts";
import type { ContentTypeCode } from "../../../core/message/send.ts";
import type { AlarmRow } from "./alarm-row.ts";
import type { Database } from "./database.ts";
import { WRITE_LINK } from "./owed-links.ts";
import { Writer } from "./writer.ts";

// Deno's node:sqlite (2.9) ends a text at its first NUL, which any name that an app chooses may hold: those are read as JSON.

/** A row whose text is JSON. */
type Quoted<Row, Field extends keyof Row> = Omit<Row, Field> & Readonly<Record<Field, string>>;

/** @param device its number, as SQL */
const tagsOf = (device: string): string =>
  `(SELECT json_group_array(json_array(ref, slot, tag, path, generation, epoch)) FROM device_tags WHERE device = ${device})`;

/** All that is needed to wake most devices, by one query: alone each would take as long as this (3 µs of 8 on Deno). */
const FIND = `
  SELECT id, at, account, link,
    (SELECT json_group_array(json_array(slot, app, created_at, ended_at, generation))
       FROM (SELECT * FROM registrations WHERE device = id ORDER BY slot)) AS registrations,
    ${tagsOf("id")} AS tags,
    EXISTS (SELECT 1 FROM device_aliases WHERE device = id) AS hasAliases,
    EXISTS (SELECT 1 FROM mail WHERE device = id) AS hasMail
  FROM devices LEFT JOIN alarms ON alarms.device = id WHERE name = ?`;

/** With rows of devices, by their numbers. */
const TABLES = [
  "registrations",
  "mail",
  "device_tags",
  "device_aliases",
  "device_attributes",
  "alarms",
];

interface Found {
  readonly id: number;
  readonly at: number | null;
  readonly account: string;
  readonly link: string | null;
  readonly registrations: string;
  readonly tags: string;
  readonly hasAliases: number;
  readonly hasMail: number;
}

/** Whether anything of the device of this name is stored: its first registration stores it. */
export const isStored = (db: Database, name: string): boolean =>
  db.get("SELECT 1 FROM devices WHERE name = ?", name) !== undefined;

export class SharedDeviceStore implements DeviceStore, AlarmRow {
  readonly #db: Database;
  readonly #name: string;
  readonly #writer: Writer;
  /** The device's row; null until it has an account. */
  #id: number | null;
  #alarmAt: number | null;
  /** What was stored when this store was made; null once anything was written through it, or it is forgotten. */
  #found: Found | null;

  constructor(db: Database, name: string) {
    this.#db = db;
    this.#name = name;
    this.#writer = new Writer(db);
    const found = db.get<Found>(FIND, name) ?? null;
    this.#found = found;
    this.#id = found?.id ?? null;
    this.#alarmAt = found?.at ?? null;
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

  /** The device has read what it keeps in memory: no copy of it has to stay. */
  forget(): void {
    this.#found = null;
  }

  /** The device's number in the tables; null until it has an account. */
  get id(): number | null {
    return this.#id;
  }

  /** Why something this device wrote is not stored: what it has in memory is not to be trusted any more. */
  get failure(): unknown {
    return this.#writer.failure;
  }

  /** Whether something this device wrote is not on disk yet. */
  get isPending(): boolean {
    return this.#writer.isPending;
  }

  readAccount(): AccountRecord | null {
    const row =
      this.#found ??
      this.#db.get<{ account: string }>("SELECT account FROM devices WHERE id = ?", this.#id);
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
    const row =
      this.#found ??
      this.#db.get<{ link: string | null }>("SELECT link FROM devices WHERE id = ?", this.#id);
    const link = this.#db.owedLinks.of(this.#id) ?? row?.link ?? null;
    return link === null ? null : (JSON.parse(link) as LinkRecord);
  }

  writeLink(record: LinkRecord, reserves = false): void {
    const { owedLinks } = this.#db;
    const text = JSON.stringify(record);
    // A reservation is never owed: a process that ended would give the same numbers again.
    if (!reserves && this.#id !== null && owedLinks.owe(this.#id, text)) {
      this.#found = null;
      return;
    }
    this.#run(WRITE_LINK, text, this.#id);
    owedLinks.renew(this.#id, text);
  }

  erase(): void {
    for (const table of TABLES) this.#run(`DELETE FROM ${table} WHERE device = ?`, this.#id);
    this.#run("DELETE FROM devices WHERE id = ?", this.#id);
    // Its number is given anew.
    this.#db.owedLinks.forget(this.#id);
    this.#id = null;
    this.#alarmAt = null;
  }

  listRegistrations(): RegistrationRecord[] {
    if (this.#found !== null) {
      const rows: [number, string, number, number | null, number][] = JSON.parse(
        this.#found.registrations,
      );
      return rows.map(([slot, app, createdAt, endedAt, generation]) => {
        return { slot, app, createdAt, endedAt, generation };
      });
    }
    return this.#db.all<RegistrationRecord>(
      `SELECT slot, app, created_at AS createdAt, ended_at AS endedAt, generation
       FROM registrations WHERE device = ? ORDER BY slot`,
      this.#id,
    );
  }

  putRegistration({ slot, app, createdAt, endedAt, generation }: RegistrationRecord): void {
    this.#run(
      `INSERT INTO registrations (device, slot, app, created_at, ended_at, generation) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (device, slot) DO UPDATE SET app = excluded.app, created_at = excluded.created_at,
         ended_at = excluded.ended_at, generation = excluded.generation`,
      this.#id,
      slot,
      app,
      createdAt,
      endedAt,
      generation,
    );
  }

  deleteRegistration(slot: number): void {
    this.#run("DELETE FROM registrations WHERE device = ? AND slot = ?", this.#id, slot);
  }

  listMail(): MailHeader[] {
    if (this.#found?.hasMail === 0) return [];
    const rows = this.#db.all<Quoted<MailHeader & { lane: Lane }, "collapseKey" | "firstAckAlias">>(
      `SELECT seq, slot, lane, key, length(data) AS bytes, expires_at AS expiresAt,
         json_quote(collapse_key) AS collapseKey, json_quote(first_ack_alias) AS firstAckAlias, fingerprint
       FROM mail WHERE device = ? ORDER BY seq`,
      this.#id,
    );
    return rows.map((row) => ({
      ...row,
      collapseKey: JSON.parse(row.collapseKey) as string | null,
      firstAckAlias: JSON.parse(row.firstAckAlias) as string | null,
    }));
  }

  insertMail(header: MailHeader, body: MailBody): void {
    this.#run(
      `INSERT INTO mail
         (device, seq, slot, lane, key, expires_at, collapse_key, content_type, data, first_ack_alias,
          fingerprint)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      this.#id,
      header.seq,
      header.slot,
      header.lane,
      header.key,
      header.expiresAt,
      header.collapseKey,
      body.contentType,
      body.data,
      header.firstAckAlias,
      header.fingerprint,
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

  listTags(): TagRecord[] {
    const { tags } = this.#found ??
      this.#db.get<Pick<Found, "tags">>(`SELECT ${tagsOf("?")} AS tags`, this.#id) ?? {
        tags: "[]",
      };
    const rows: [number, number, string, string, number, number][] = JSON.parse(tags);
    return rows.map(([ref, slot, tag, path, generation, epoch]) => {
      return { ref, slot, tag, path, generation, epoch };
    });
  }

  putTag({ ref, slot, tag, path, generation, epoch }: TagRecord): void {
    this.#run(
      `INSERT INTO device_tags (device, ref, slot, tag, path, generation, epoch) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (device, ref) DO UPDATE SET slot = excluded.slot, tag = excluded.tag,
         path = excluded.path, generation = excluded.generation, epoch = excluded.epoch`,
      this.#id,
      ref,
      slot,
      tag,
      path,
      generation,
      epoch,
    );
  }

  deleteTag(ref: number): void {
    this.#run("DELETE FROM device_tags WHERE device = ? AND ref = ?", this.#id, ref);
  }

  listAliases(): HeldAlias[] {
    if (this.#found?.hasAliases === 0) return [];
    const rows = this.#db.all<{ slot: number; alias: string; shared: number; generation: number }>(
      "SELECT slot, json_quote(alias) AS alias, shared, generation FROM device_aliases WHERE device = ?",
      this.#id,
    );
    return rows.map(({ slot, alias, shared, generation }) => ({
      slot,
      generation,
      alias: JSON.parse(alias) as string,
      ...ofAliasBits(shared),
    }));
  }

  putAlias({ slot, alias, generation, ...state }: HeldAlias): void {
    this.#run(
      `INSERT INTO device_aliases (device, slot, alias, shared, generation) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (device, slot, alias) DO UPDATE SET shared = excluded.shared,
         generation = excluded.generation`,
      this.#id,
      slot,
      alias,
      aliasBits(state),
      generation,
    );
  }

  deleteAlias(slot: number, alias: string): void {
    this.#run(
      "DELETE FROM device_aliases WHERE device = ? AND slot = ? AND alias = ?",
      this.#id,
      slot,
      alias,
    );
  }

  readAttributes(slot: number): Attributes | null {
    const row = this.#db.get<{ value: string }>(
      "SELECT value FROM device_attributes WHERE device = ? AND slot = ?",
      this.#id,
      slot,
    );
    return row === undefined ? null : (JSON.parse(row.value) as Attributes);
  }

  writeAttributes(slot: number, attributes: Attributes | null): void {
    if (attributes === null) {
      this.#run("DELETE FROM device_attributes WHERE device = ? AND slot = ?", this.#id, slot);
      return;
    }
    this.#run(
      `INSERT INTO device_attributes (device, slot, value) VALUES (?, ?, ?)
       ON CONFLICT (device, slot) DO UPDATE SET value = excluded.value`,
      this.#id,
      slot,
      JSON.stringify(attributes),
    );
  }

  #run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    this.#found = null;
    this.#writer.run(sql, ...values);
  }
}
