/** A node's port on the SQLite of its own object. docs/storage.md describes the tables. */
import type {
  LogHeader,
  LogState,
  MemberRecord,
  NodeRecord,
  TagStore,
} from "../../core/tag/store.ts";
import type { LogEntry } from "../../core/tag/types.ts";
import { headerOf, headerText } from "./log-row.ts";
import type { Sql } from "./sql.ts";

// Each table has one b-tree: a secondary index would be a second row written for every broadcast and join.
const TABLES = `
  CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS members (
    place INTEGER PRIMARY KEY, device TEXT NOT NULL, joined INTEGER NOT NULL,
    since INTEGER NOT NULL, attached INTEGER NOT NULL, epoch INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS log (
    slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, header TEXT NOT NULL, state TEXT, data BLOB NOT NULL);
`;

/** What members of an older version lack. */
const UPGRADE = "ALTER TABLE members ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0";

/** The one row of `node`. */
const NODE = 1;

/** The node as it is stored: with the name of the object, which its database file does not tell by itself. */
type StoredNode = NodeRecord & { readonly name: string };

const hasTables = (sql: Sql): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'node'").toArray().length > 0;

const hasEpochs = (sql: Sql): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'members' AND sql LIKE '%epoch%'").toArray()
    .length > 0;

function readStored(sql: Sql): StoredNode | null {
  const [row] = sql.exec<{ value: string }>("SELECT value FROM node WHERE id = ?", NODE).toArray();
  return row === undefined ? null : (JSON.parse(row.value) as StoredNode);
}

/** The name of the node whose database this is; null where it was never made. */
export function nodeNameIn(sql: Sql): string | null {
  return hasTables(sql) ? (readStored(sql)?.name ?? null) : null;
}

export class SqlTagStore implements TagStore {
  readonly #sql: Sql;
  readonly #name: string;
  /** A node that was never made has no tables, and being asked makes none. */
  #hasTables: boolean;
  /** False in tables of an older version until a member is written: reading does not change them. */
  #hasEpochs: boolean;
  /** Which slot each position was in when one was last missing here: an index by position would cost a row a broadcast. */
  #slots: ReadonlyMap<number, number> = new Map();

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.#name = name;
    this.#hasTables = hasTables(sql);
    this.#hasEpochs = this.#hasTables && hasEpochs(sql);
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
    this.#slots = new Map();
  }

  readNode(): NodeRecord | null {
    const stored = this.#hasTables ? readStored(this.#sql) : null;
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  writeNode(record: NodeRecord): void {
    if (!this.#hasTables) {
      this.#sql.exec(TABLES);
      this.#hasEpochs = true;
    }
    this.#hasTables = true;
    this.#sql.exec(
      `INSERT INTO node (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      NODE,
      JSON.stringify({ ...record, name: this.#name } satisfies StoredNode),
    );
  }

  listMembers(): MemberRecord[] {
    const epoch = this.#hasEpochs ? "epoch" : "0 AS epoch";
    return this.#sql
      .exec<{
        place: number;
        device: string;
        joined: number;
        since: number;
        attached: number;
        epoch: number;
      }>(`SELECT place, device, joined, since, attached, ${epoch} FROM members`)
      .toArray()
      .map(({ attached, ...row }) => ({ ...row, attached: attached === 1 }));
  }

  putMember({ place, device, joined, since, attached, epoch }: MemberRecord): void {
    if (!this.#hasEpochs) this.#sql.exec(UPGRADE);
    this.#hasEpochs = true;
    this.#sql.exec(
      `INSERT INTO members (place, device, joined, since, attached, epoch) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (place) DO UPDATE SET device = excluded.device, joined = excluded.joined, since = excluded.since,
         attached = excluded.attached, epoch = excluded.epoch`,
      place,
      device,
      joined,
      since,
      Number(attached),
      epoch,
    );
  }

  deleteMember(place: number, device: string): void {
    this.#sql.exec("DELETE FROM members WHERE place = ? AND device = ?", place, device);
  }

  listLog(): { readonly header: LogHeader; readonly state: LogState | null }[] {
    return (
      this.#sql
        .exec<{ header: string; state: string | null; bytes: number }>(
          "SELECT header, state, length(data) AS bytes FROM log",
        )
        .toArray()
        .map(({ header, state, bytes }) => ({
          header: headerOf(header, bytes),
          state: state === null ? null : (JSON.parse(state) as LogState),
        }))
        // Here: where SQLite sorts without an index, each row counts as read twice.
        .sort((a, b) => a.header.position - b.header.position)
    );
  }

  readData(position: number): Uint8Array | null {
    if (!this.#slots.has(position)) this.#slots = this.#readSlots();
    const [row] = this.#sql
      .exec<{ data: ArrayBuffer }>(
        "SELECT data FROM log WHERE slot = ? AND position = ?",
        this.#slots.get(position) ?? null,
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

  #readSlots(): ReadonlyMap<number, number> {
    const rows = this.#sql.exec<{ position: number; slot: number }>(
      "SELECT position, slot FROM log",
    );
    return new Map(rows.toArray().map(({ position, slot }) => [position, slot]));
  }
}
