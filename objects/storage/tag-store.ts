/** The rows of a tag's node. docs/storage.md describes the tables. */
import type { LogEntry } from "../../core/tag/calls/broadcast.ts";
import {
  type LogRecord,
  type LogState,
  type MemberCount,
  type MemberRecord,
  type NodeRecord,
  SCHEDULED_SLOT,
  type TagStore,
} from "../../core/tag/store.ts";
import { headerOf, headerText } from "./log-row.ts";
import { OwnTables, tablesIn } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { bytesOf, type ObjectTables, type Statement, Table } from "./table.ts";

export const NODE = new Table({
  own: { name: "node", scope: "id", constant: "1", renamed: { record: "value" } },
  shared: { name: "tag_nodes", scope: "name" },
});
const MEMBERS = new Table({
  own: { name: "members" },
  shared: { name: "tag_members", scope: "node" },
});
/** A host may write these rows later: see `ObjectTables.defer`. */
export const LOG = new Table({ own: { name: "log" }, shared: { name: "tag_log", scope: "node" } });

const READ_NODE = NODE.select(["record"]);
const WRITE_NODE = NODE.put(["record"], []);

const MEMBER_COLUMNS = ["place", "device", "joined", "since", "attached", "epoch", "generation"];
const LIST_MEMBERS = MEMBERS.select(MEMBER_COLUMNS);
const READ_MEMBER = MEMBERS.select(MEMBER_COLUMNS, { where: "device = ?" });
const COUNT_MEMBERS = MEMBERS.select([
  "count(*) AS members",
  "coalesce(max(place) + 1, 0) AS places",
]);
// An object's own table has no second b-tree for the place, because that would write a second row each time.
const PUT_MEMBER = MEMBERS.put(MEMBER_COLUMNS, { own: ["device"], shared: ["place"] });
const DELETE_MEMBER = MEMBERS.delete(["place", "device"]);

const LOG_COLUMNS = ["header", "state", "length(data) AS bytes"];
const LIST_LOG = LOG.select(LOG_COLUMNS, { where: `slot < ${SCHEDULED_SLOT}` });
const LIST_SCHEDULED = LOG.select(LOG_COLUMNS, { where: `slot >= ${SCHEDULED_SLOT}` });
const READ_ENTRY = LOG.select(LOG_COLUMNS, { where: "slot = ?" });
const READ_DATA = LOG.select(["data"], { where: "slot = ? AND position = ?" });
const PUT_ENTRY = LOG.put(["slot", "position", "header", "state", "data"], ["slot"]);
const DELETE_ENTRY = LOG.delete(["slot"]);
const WRITE_STATE = LOG.update(["state"], ["slot"]);
const ALL = [MEMBERS.delete(), LOG.delete(), NODE.delete()];

interface MemberRow extends Omit<MemberRecord, "attached" | "generation"> {
  readonly attached: number;
  readonly generation: number | null;
}

interface LogRow {
  readonly header: string;
  readonly state: string | null;
  readonly bytes: number;
}

const memberOf = ({ attached, generation, ...row }: MemberRow): MemberRecord => ({
  ...row,
  attached: attached === 1,
  ...(generation === null ? {} : { generation }),
});

const recordOf = ({ header, state, bytes }: LogRow): LogRecord => ({
  header: headerOf(header, bytes),
  state: state === null ? null : (JSON.parse(state) as LogState),
});

/** The record of a node; in a database of its own also the name of its object, because the file does not tell that by itself. */
type StoredNode = NodeRecord & { readonly name?: string };

function readStored(tables: ObjectTables): StoredNode | null {
  const row = tables.get<{ record: string }>(READ_NODE);
  return row === undefined ? null : (JSON.parse(row.record) as StoredNode);
}

/** On either kind of database. */
export class TagRows<Tables extends ObjectTables> implements TagStore {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  readNode(): NodeRecord | null {
    const stored = readStored(this.tables);
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  writeNode(record: StoredNode): void {
    this.tables.run(WRITE_NODE, JSON.stringify(record));
  }

  erase(): void {
    this.tables.erase(ALL);
  }

  listMembers(): MemberRecord[] {
    return this.tables.all<MemberRow>(LIST_MEMBERS).map(memberOf);
  }

  readMember(device: string): MemberRecord | null {
    const row = this.tables.get<MemberRow>(READ_MEMBER, device);
    return row === undefined ? null : memberOf(row);
  }

  countMembers(): MemberCount {
    return this.tables.get<MemberCount>(COUNT_MEMBERS) ?? { members: 0, places: 0 };
  }

  putMember({ place, device, joined, since, epoch, ...member }: MemberRecord): void {
    const { attached, generation = null } = member;
    this.tables.run(PUT_MEMBER, place, device, joined, since, Number(attached), epoch, generation);
  }

  deleteMember(place: number, device: string): void {
    this.tables.run(DELETE_MEMBER, place, device);
  }

  listLog(): LogRecord[] {
    return (
      this.tables
        .all<LogRow>(LIST_LOG)
        .map(recordOf)
        // Not in SQL: if SQLite sorts without an index, each row counts as read twice.
        .sort((a, b) => a.header.position - b.header.position)
    );
  }

  listScheduled(): LogRecord[] {
    return this.tables.all<LogRow>(LIST_SCHEDULED).map(recordOf);
  }

  deleteEntry(slot: number): void {
    this.tables.run(DELETE_ENTRY, slot);
  }

  readEntry(slot: number): LogRecord | null {
    const row = this.tables.get<LogRow>(READ_ENTRY, slot);
    return row === undefined ? null : recordOf(row);
  }

  readData(slot: number, position: number): Uint8Array | null {
    const row = this.tables.get<{ data: Uint8Array | ArrayBuffer }>(READ_DATA, slot, position);
    return row === undefined ? null : bytesOf(row.data);
  }

  putEntry(slot: number, entry: LogEntry, state: LogState | null): void {
    const text = state === null ? null : JSON.stringify(state);
    const values = [slot, entry.position, headerText(entry), text, entry.data] as const;
    // If the state of a served entry is lost, the entry is served again, and devices drop it. An entry that was not served must not be lost.
    if (state === null) this.tables.run(PUT_ENTRY, ...values);
    else this.tables.defer(PUT_ENTRY, ...values);
  }

  writeState(slot: number, state: LogState): void {
    this.tables.defer(WRITE_STATE, JSON.stringify(state), slot);
  }
}

const OWN_MEMBERS = `(
  device TEXT PRIMARY KEY, place INTEGER NOT NULL, joined INTEGER NOT NULL,
  since INTEGER NOT NULL, attached INTEGER NOT NULL, epoch INTEGER NOT NULL, generation INTEGER) WITHOUT ROWID`;

// Each table has one b-tree, because a secondary index would write a second row for every broadcast and join. Members are sorted by device, so
// that an attach reads one row; their place is only needed when all rows are read.
const OWN = {
  node: "(id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
  members: OWN_MEMBERS,
  log: `(
    slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, header TEXT NOT NULL, state TEXT, data BLOB NOT NULL)`,
};

/** In an older version members are sorted by place, and may lack epochs. The upgrade writes one row for each member. */
const upgradeOf = (hasEpochs: boolean) => `
  CREATE TABLE members_by_device ${OWN_MEMBERS};
  INSERT OR REPLACE INTO members_by_device (device, place, joined, since, attached, epoch)
    SELECT device, place, joined, since, attached, ${hasEpochs ? "epoch" : "0"} FROM members ORDER BY place;
  DROP TABLE members;
  ALTER TABLE members_by_device RENAME TO members;
`;

/** The name of the node whose database this is; null if it was never made. */
export const nodeNameIn = (sql: Sql): string | null =>
  readStored(new OwnTables(sql, [OWN]))?.name ?? null;

class OwnTagTables extends OwnTables {
  /** False in tables of an older version, until a member is written; they are read as they are. */
  #isByDevice: boolean;
  readonly #hasEpochs: boolean;

  constructor(sql: Sql) {
    const found = tablesIn(sql, ["node", "members"]);
    super(sql, [OWN], { members: { generation: "INTEGER" } }, found);
    const members = found.get("members");
    this.#isByDevice = members === undefined || members.includes("WITHOUT ROWID");
    this.#hasEpochs = members === undefined || members.includes("epoch");
  }

  override erase(deletes: readonly Statement[]): void {
    super.erase(deletes);
    this.#isByDevice = true;
  }

  protected override prepare(statement: Statement): void {
    super.prepare(statement);
    if (this.#isByDevice || statement.table !== MEMBERS) return;
    this.sql.exec(upgradeOf(this.#hasEpochs));
    this.#isByDevice = true;
  }

  protected override textOf(statement: Statement): string | null {
    const text = super.textOf(statement);
    if (text === null || this.#isByDevice || this.#hasEpochs) return text;
    return statement.ownLacking({ epoch: "0", generation: "NULL" });
  }
}

/** On the SQLite of the node's own object. */
export class SqlTagStore extends TagRows<OwnTables> {
  readonly #name: string;

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    super(new OwnTagTables(sql));
    this.#name = name;
  }

  /** Whether anything is stored. */
  get exists(): boolean {
    return this.tables.exist;
  }

  override writeNode(record: NodeRecord): void {
    super.writeNode({ ...record, name: this.#name });
  }
}
