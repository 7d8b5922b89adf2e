/** A node's port on the SQLite of its own object. docs/storage.md describes the tables. */
import type {
  LogRecord,
  LogState,
  MemberCount,
  MemberRecord,
  NodeRecord,
  TagStore,
} from "../../core/tag/store.ts";
import type { LogEntry } from "../../core/tag/types.ts";
import { headerOf, headerText } from "./log-row.ts";
import type { Sql } from "./sql.ts";

const MEMBERS = `(
    device TEXT PRIMARY KEY, place INTEGER NOT NULL, joined INTEGER NOT NULL,
    since INTEGER NOT NULL, attached INTEGER NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID`;

// Each table has one b-tree: a secondary index would be a second row written for every broadcast and join. That of the members is by
// device: a device that attaches reads one row. Its place is wanted where all rows are read anyway.
const TABLES = `
  CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS members ${MEMBERS};
  CREATE TABLE IF NOT EXISTS log (
    slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, header TEXT NOT NULL, state TEXT, data BLOB NOT NULL);
`;

/** Members of an older version are by place, and may lack epochs. It costs a row a member, once. */
const upgradeOf = (hasEpochs: boolean) => `
  CREATE TABLE members_by_device ${MEMBERS};
  INSERT OR REPLACE INTO members_by_device (device, place, joined, since, attached, epoch)
    SELECT device, place, joined, since, attached, ${hasEpochs ? "epoch" : "0"} FROM members ORDER BY place;
  DROP TABLE members;
  ALTER TABLE members_by_device RENAME TO members;
`;

interface MemberRow extends Omit<MemberRecord, "attached"> {
  readonly [column: string]: string | number;
  readonly attached: number;
}

const LOG_COLUMNS = "header, state, length(data) AS bytes";

interface LogRow {
  readonly [column: string]: string | number | null;
  readonly header: string;
  readonly state: string | null;
  readonly bytes: number;
}

const memberOf = ({ place, device, joined, since, attached, epoch }: MemberRow): MemberRecord => ({
  ...{ place, device, joined, since, epoch },
  attached: attached === 1,
});

const recordOf = ({ header, state, bytes }: LogRow): LogRecord => ({
  header: headerOf(header, bytes),
  state: state === null ? null : (JSON.parse(state) as LogState),
});

/** The one row of `node`. */
const NODE = 1;

/** The node as it is stored: with the name of the object, which its database file does not tell by itself. */
type StoredNode = NodeRecord & { readonly name: string };

/** How the tables that there are were made, by name. */
function tablesIn(sql: Sql): ReadonlyMap<string, string> {
  const rows = sql.exec<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE name IN ('node', 'members')",
  );
  return new Map(rows.toArray().map((row) => [row.name, row.sql]));
}

function readStored(sql: Sql): StoredNode | null {
  const [row] = sql.exec<{ value: string }>("SELECT value FROM node WHERE id = ?", NODE).toArray();
  return row === undefined ? null : (JSON.parse(row.value) as StoredNode);
}

/** The name of the node whose database this is; null where it was never made. */
export function nodeNameIn(sql: Sql): string | null {
  return tablesIn(sql).has("node") ? (readStored(sql)?.name ?? null) : null;
}

export class SqlTagStore implements TagStore {
  readonly #sql: Sql;
  readonly #name: string;
  /** A node that was never made has no tables, and being asked makes none. */
  #hasTables: boolean;
  /** False in tables of an older version until a member is written: reading does not change them. */
  #isByDevice: boolean;
  readonly #hasEpochs: boolean;

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.#name = name;
    const tables = tablesIn(sql);
    const members = tables.get("members");
    this.#hasTables = tables.has("node");
    this.#isByDevice = members === undefined || members.includes("WITHOUT ROWID");
    this.#hasEpochs = members === undefined || members.includes("epoch");
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.#hasTables;
  }

  /** Drops the tables; what the database still takes on disk is the object's own to free. */
  erase(): void {
    for (const table of ["node", "members", "log"]) {
      this.#sql.exec(`DROP TABLE IF EXISTS ${table}`);
    }
    this.#hasTables = false;
    this.#isByDevice = true;
  }

  readNode(): NodeRecord | null {
    const stored = this.#hasTables ? readStored(this.#sql) : null;
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  writeNode(record: NodeRecord): void {
    if (!this.#hasTables) this.#sql.exec(TABLES);
    this.#hasTables = true;
    this.#sql.exec(
      `INSERT INTO node (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      NODE,
      JSON.stringify({ ...record, name: this.#name } satisfies StoredNode),
    );
  }

  listMembers(): MemberRecord[] {
    return this.#sql
      .exec<MemberRow>(`SELECT ${this.#memberColumns} FROM members`)
      .toArray()
      .map(memberOf);
  }

  readMember(device: string): MemberRecord | null {
    const [row] = this.#sql
      .exec<MemberRow>(`SELECT ${this.#memberColumns} FROM members WHERE device = ?`, device)
      .toArray();
    return row === undefined ? null : memberOf(row);
  }

  countMembers(): MemberCount {
    const [row] = this.#sql
      .exec<{ members: number; places: number }>(
        "SELECT count(*) AS members, coalesce(max(place) + 1, 0) AS places FROM members",
      )
      .toArray();
    return row ?? { members: 0, places: 0 };
  }

  putMember({ place, device, joined, since, attached, epoch }: MemberRecord): void {
    if (!this.#isByDevice) this.#sql.exec(upgradeOf(this.#hasEpochs));
    this.#isByDevice = true;
    this.#sql.exec(
      `INSERT INTO members (device, place, joined, since, attached, epoch) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (device) DO UPDATE SET place = excluded.place, joined = excluded.joined, since = excluded.since,
         attached = excluded.attached, epoch = excluded.epoch`,
      device,
      place,
      joined,
      since,
      Number(attached),
      epoch,
    );
  }

  deleteMember(place: number, device: string): void {
    this.#sql.exec("DELETE FROM members WHERE place = ? AND device = ?", place, device);
  }

  listLog(): LogRecord[] {
    return (
      this.#sql
        .exec<LogRow>(`SELECT ${LOG_COLUMNS} FROM log`)
        .toArray()
        .map(recordOf)
        // Here: where SQLite sorts without an index, each row counts as read twice.
        .sort((a, b) => a.header.position - b.header.position)
    );
  }

  readEntry(slot: number): LogRecord | null {
    const [row] = this.#sql
      .exec<LogRow>(`SELECT ${LOG_COLUMNS} FROM log WHERE slot = ?`, slot)
      .toArray();
    return row === undefined ? null : recordOf(row);
  }

  readData(slot: number, position: number): Uint8Array | null {
    const [row] = this.#sql
      .exec<{ data: ArrayBuffer }>(
        "SELECT data FROM log WHERE slot = ? AND position = ?",
        slot,
        position,
      )
      .toArray();
    return row === undefined ? null : new Uint8Array(row.data);
  }

  putEntry(slot: number, entry: LogEntry, state: LogState | null): void {
    this.#sql.exec(
      `INSERT INTO log (slot, position, header, state, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET position = excluded.position, header = excluded.header,
         state = excluded.state, data = excluded.data`,
      slot,
      entry.position,
      headerText(entry),
      state === null ? null : JSON.stringify(state),
      entry.data,
    );
  }

  writeState(slot: number, state: LogState): void {
    this.#sql.exec("UPDATE log SET state = ? WHERE slot = ?", JSON.stringify(state), slot);
  }

  get #memberColumns(): string {
    const epoch = this.#isByDevice || this.#hasEpochs ? "epoch" : "0 AS epoch";
    return `place, device, joined, since, attached, ${epoch}`;
  }
}
