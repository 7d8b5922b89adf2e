/** A node's port on the database that all objects share. */
import type {
  LogRecord,
  LogState,
  MemberCount,
  MemberRecord,
  NodeRecord,
  TagStore,
} from "../../../core/tag/store.ts";
import type { LogEntry } from "../../../core/tag/types.ts";
import { headerOf, headerText } from "../../../objects/storage/log-row.ts";
import type { AlarmRow } from "./alarm-row.ts";
import type { Database } from "./database.ts";
import { Writer } from "./writer.ts";

const MEMBER_COLUMNS = "place, device, joined, since, attached, epoch";
const LOG_COLUMNS = "header, length(data) AS bytes, state";

interface MemberRow extends Omit<MemberRecord, "attached"> {
  readonly attached: number;
}

interface LogRow {
  readonly header: string;
  readonly bytes: number;
  readonly state: string | null;
}

// Rows of node:sqlite have no prototype.
const memberOf = ({ attached, ...row }: MemberRow): MemberRecord => ({
  ...row,
  attached: attached === 1,
});

const recordOf = ({ header, bytes, state }: LogRow): LogRecord => ({
  header: headerOf(header, bytes),
  state: state === null ? null : (JSON.parse(state) as LogState),
});

export class SharedTagStore implements TagStore, AlarmRow {
  readonly #db: Database;
  readonly #name: string;
  readonly writer: Writer;
  /** The node's row; null until it is made. */
  #id: number | null;
  #alarmAt: number | null;

  /** @param name of the node's object */
  constructor(db: Database, name: string) {
    this.#db = db;
    this.#name = name;
    this.writer = new Writer(db);
    const row = db.get<{ id: number; at: number | null }>(
      "SELECT id, at FROM tag_nodes LEFT JOIN node_alarms ON node = id WHERE name = ?",
      name,
    );
    this.#id = row?.id ?? null;
    this.#alarmAt = row?.at ?? null;
  }

  get id(): number | null {
    return this.#id;
  }

  get alarmAt(): number | null {
    return this.#alarmAt;
  }

  setAlarm(at: number): void {
    this.writer.run(
      "INSERT INTO node_alarms (node, at) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET at = excluded.at",
      this.#id,
      at,
    );
    this.#alarmAt = at;
  }

  clearAlarm(): void {
    // One that stays where it is over rings in vain.
    this.writer.defer("DELETE FROM node_alarms WHERE node = ?", this.#id);
    this.#alarmAt = null;
  }

  readNode(): NodeRecord | null {
    const row = this.#db.get<{ record: string }>(
      "SELECT record FROM tag_nodes WHERE id = ?",
      this.#id,
    );
    return row === undefined ? null : (JSON.parse(row.record) as NodeRecord);
  }

  writeNode(record: NodeRecord): void {
    this.writer.run(
      `INSERT INTO tag_nodes (name, record) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET record = excluded.record`,
      this.#name,
      JSON.stringify(record),
    );
    this.#id ??=
      this.#db.get<{ id: number }>("SELECT id FROM tag_nodes WHERE name = ?", this.#name)?.id ??
      null;
  }

  erase(): void {
    for (const table of ["tag_members", "tag_log", "node_alarms"]) {
      this.writer.run(`DELETE FROM ${table} WHERE node = ?`, this.#id);
    }
    this.writer.run("DELETE FROM tag_nodes WHERE id = ?", this.#id);
    this.#id = null;
    this.#alarmAt = null;
  }

  listMembers(): MemberRecord[] {
    return this.#db
      .all<MemberRow>(
        `SELECT ${MEMBER_COLUMNS} FROM tag_members WHERE node = ? ORDER BY place`,
        this.#id,
      )
      .map(memberOf);
  }

  readMember(device: string): MemberRecord | null {
    const row = this.#db.get<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM tag_members WHERE node = ? AND device = ?`,
      this.#id,
      device,
    );
    return row === undefined ? null : memberOf(row);
  }

  countMembers(): MemberCount {
    const row = this.#db.get<MemberCount>(
      "SELECT count(*) AS members, coalesce(max(place) + 1, 0) AS places FROM tag_members WHERE node = ?",
      this.#id,
    );
    return row ?? { members: 0, places: 0 };
  }

  putMember({ place, device, joined, since, attached, epoch }: MemberRecord): void {
    this.writer.run(
      `INSERT INTO tag_members (node, place, device, joined, since, attached, epoch) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (node, place) DO UPDATE SET device = excluded.device, joined = excluded.joined, since = excluded.since,
         attached = excluded.attached, epoch = excluded.epoch`,
      this.#id,
      place,
      device,
      joined,
      since,
      Number(attached),
      epoch,
    );
  }

  deleteMember(place: number, device: string): void {
    this.writer.run(
      "DELETE FROM tag_members WHERE node = ? AND place = ? AND device = ?",
      this.#id,
      place,
      device,
    );
  }

  /** What was deferred is written before it: `#db` reads what is in the open transaction, too. */
  listLog(): LogRecord[] {
    this.#db.writeDeferred();
    return this.#db
      .all<LogRow>(`SELECT ${LOG_COLUMNS} FROM tag_log WHERE node = ? ORDER BY position`, this.#id)
      .map(recordOf);
  }

  readEntry(slot: number): LogRecord | null {
    this.#db.writeDeferred();
    const row = this.#db.get<LogRow>(
      `SELECT ${LOG_COLUMNS} FROM tag_log WHERE node = ? AND slot = ?`,
      this.#id,
      slot,
    );
    return row === undefined ? null : recordOf(row);
  }

  readData(slot: number, position: number): Uint8Array | null {
    this.#db.writeDeferred();
    const row = this.#db.get<{ data: Uint8Array }>(
      "SELECT data FROM tag_log WHERE node = ? AND slot = ? AND position = ?",
      this.#id,
      slot,
      position,
    );
    return row?.data ?? null;
  }

  putEntry(slot: number, entry: LogEntry, state: LogState | null): void {
    // What was served is served again where that is lost, and devices know what they have. What was not must last.
    const write = state === null ? this.writer.run : this.writer.defer;
    write.call(
      this.writer,
      `INSERT INTO tag_log (node, slot, position, header, data, state) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (node, slot) DO UPDATE SET position = excluded.position,
         header = excluded.header, data = excluded.data, state = excluded.state`,
      this.#id,
      slot,
      entry.position,
      headerText(entry),
      entry.data,
      state === null ? null : JSON.stringify(state),
    );
  }

  writeState(slot: number, state: LogState): void {
    this.writer.defer(
      "UPDATE tag_log SET state = ? WHERE node = ? AND slot = ?",
      JSON.stringify(state),
      this.#id,
      slot,
    );
  }
}
