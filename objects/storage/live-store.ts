/** The rows of a live node. docs/storage.md describes the tables. */
import type { LiveEntry, LiveRecord, LiveStore } from "../../core/live/store.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { type ObjectTables, Table } from "./table.ts";

const NODE = new Table({
  own: { name: "live", scope: "id", constant: "1", renamed: { record: "value" } },
  shared: { name: "live_nodes", scope: "name" },
});
const LOG = new Table({
  own: { name: "live_log" },
  shared: { name: "live_log", scope: "node" },
  names: ["collapse_key"],
});

const READ = NODE.select(["record"]);
const WRITE = NODE.put(["record"], []);
const LIST = LOG.select(
  ["position", "expires_at AS expiresAt", "collapse_key AS collapseKey", "text"],
  { tail: "ORDER BY position" },
);
const PUT = LOG.put(["slot", "position", "expires_at", "collapse_key", "text"], ["slot"]);
const ALL = [LOG.delete(), NODE.delete()];

/** On either kind of database. */
export class LiveRows<Tables extends ObjectTables> implements LiveStore {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  read(): LiveRecord | null {
    const row = this.tables.get<{ record: string }>(READ);
    return row === undefined ? null : (JSON.parse(row.record) as LiveRecord);
  }

  write(record: LiveRecord): void {
    this.tables.run(WRITE, JSON.stringify(record));
  }

  list(): LiveEntry[] {
    return this.tables.all<LiveEntry>(LIST);
  }

  put(slot: number, { position, expiresAt, collapseKey, text }: LiveEntry): void {
    this.tables.run(PUT, slot, position, expiresAt, collapseKey, text);
  }

  erase(): void {
    this.tables.erase(ALL);
  }
}

const OWN = {
  live: "(id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
  live_log: `(
    slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, expires_at INTEGER, collapse_key TEXT, text TEXT)`,
};

/** On the SQLite of the node's own object. */
export class SqlLiveStore extends LiveRows<OwnTables> {
  constructor(sql: Sql) {
    super(new OwnTables(sql, [OWN]));
  }

  /** Whether anything is stored. */
  get exists(): boolean {
    return this.tables.exist;
  }
}
