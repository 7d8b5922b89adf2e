/** The tables of a mesh on Deno. docs/storage.md describes them together with those of the Durable Objects. */
import type { DatabaseSync } from "node:sqlite";

/** The version of the tables, `user_version` of the database. Raise it with a change that an older program cannot work with. */
export const TABLES_VERSION = 14;

// mail and tag_log have a rowid. Without one, rows are stored in the order of their keys, so that each insert rewrites another page, and
// a message of 1 KB uses an overflow page. Measured with 64 writes per commit over 1,000 devices: 13.0 µs without and 6.7 with a rowid for
// an insert of 100 bytes, 39.1 and 7.3 for 1,000 bytes; the log is less than half as large.
const TABLES = `
  CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, link TEXT);
  CREATE TABLE IF NOT EXISTS registrations (
    device INTEGER, slot INTEGER, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
    outcomes TEXT, generation INTEGER NOT NULL DEFAULT 0, encryption_key TEXT, standing TEXT, sealing TEXT,
    delivery TEXT,
    PRIMARY KEY (device, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mail (
    device INTEGER, seq INTEGER, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL,
    first_ack_alias TEXT, fingerprint INTEGER, options TEXT, hold TEXT, PRIMARY KEY (device, seq));
  CREATE TABLE IF NOT EXISTS timelines (
    device INTEGER, seq INTEGER, source TEXT, slot INTEGER NOT NULL, key TEXT NOT NULL, ended_at INTEGER,
    events TEXT NOT NULL, options TEXT, PRIMARY KEY (device, seq, source)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS device_tags (
    device INTEGER, ref INTEGER, slot INTEGER NOT NULL, tag TEXT NOT NULL, path TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, by_server INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, ref)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS device_aliases (
    device INTEGER, slot INTEGER, alias TEXT, shared INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, slot, alias)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS device_receipts (device INTEGER, n INTEGER, app TEXT NOT NULL, events TEXT NOT NULL, PRIMARY KEY (device, n))
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS device_attributes (
    device INTEGER, slot INTEGER, value TEXT NOT NULL, PRIMARY KEY (device, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alarms (device INTEGER PRIMARY KEY, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS alarms_at ON alarms (at);

  CREATE TABLE IF NOT EXISTS tag_nodes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS tag_members (
    node INTEGER, place INTEGER, device TEXT NOT NULL, joined INTEGER NOT NULL, since INTEGER NOT NULL, attached INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0, generation INTEGER, PRIMARY KEY (node, place)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tag_log (
    node INTEGER, slot INTEGER, position INTEGER NOT NULL, header TEXT NOT NULL, data BLOB NOT NULL, state TEXT,
    PRIMARY KEY (node, slot));
  CREATE INDEX IF NOT EXISTS tag_log_position ON tag_log (node, position);
  CREATE TABLE IF NOT EXISTS node_alarms (node INTEGER PRIMARY KEY, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS node_alarms_at ON node_alarms (at);

  CREATE TABLE IF NOT EXISTS aliases (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS tag_directory (
    app TEXT, tag TEXT, members INTEGER NOT NULL, listeners INTEGER NOT NULL, last_broadcast_at INTEGER NOT NULL,
    PRIMARY KEY (app, tag)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tag_directory_members ON tag_directory (app, members, tag);
  CREATE INDEX IF NOT EXISTS tag_directory_broadcast ON tag_directory (app, last_broadcast_at, tag);

  CREATE TABLE IF NOT EXISTS signed_changes (
    app TEXT, slot INTEGER, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (app, slot)) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS live_nodes (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS live_log (
    node TEXT, slot INTEGER, position INTEGER NOT NULL, expires_at INTEGER, collapse_key TEXT, text TEXT,
    PRIMARY KEY (node, slot));
  CREATE TABLE IF NOT EXISTS live_keys (app_id TEXT PRIMARY KEY, seed BLOB NOT NULL, public_key BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS apps (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, keys_made INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS app_trust (app_id TEXT PRIMARY KEY, version INTEGER NOT NULL, policy TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS app_denials (
    app_id TEXT, kind TEXT, name TEXT, expires_at INTEGER NOT NULL, PRIMARY KEY (app_id, kind, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS app_quotas (
    app_id TEXT PRIMARY KEY, per_second REAL NOT NULL, burst INTEGER NOT NULL, full_at REAL NOT NULL, leased_until REAL NOT NULL,
    queue_seconds INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS keys (
    app_id TEXT, n INTEGER, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL,
    scopes TEXT, expires_at INTEGER, last_used_at INTEGER, PRIMARY KEY (app_id, n)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS webhooks (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS webhook_endpoints (webhook INTEGER, id TEXT, value TEXT NOT NULL, PRIMARY KEY (webhook, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS webhook_packets (
    webhook INTEGER, seq INTEGER, endpoint TEXT NOT NULL, packet TEXT NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (webhook, seq));
  CREATE TABLE IF NOT EXISTS webhook_batches (
    webhook INTEGER, seq INTEGER, last INTEGER NOT NULL, endpoint TEXT NOT NULL, id TEXT NOT NULL, events INTEGER NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, since INTEGER NOT NULL, at INTEGER NOT NULL, error TEXT, PRIMARY KEY (webhook, seq))
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS webhook_health (
    webhook INTEGER, endpoint TEXT, value TEXT NOT NULL, PRIMARY KEY (webhook, endpoint)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS webhook_seen (webhook INTEGER, packet TEXT, until INTEGER NOT NULL, PRIMARY KEY (webhook, packet)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS webhook_labelled (
    webhook INTEGER, label TEXT, at INTEGER, id TEXT, reg_id TEXT NOT NULL, PRIMARY KEY (webhook, label, at, id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS webhook_labelled_at ON webhook_labelled (webhook, at);
  CREATE TABLE IF NOT EXISTS webhook_alarms (webhook INTEGER PRIMARY KEY, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS webhook_alarms_at ON webhook_alarms (at);

  CREATE TABLE IF NOT EXISTS directory (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS credentials (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
    used_at INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, share TEXT NOT NULL, app_id TEXT, event TEXT NOT NULL, UNIQUE (share, id));
`;

// Older programs work with additional indexes, so these do not raise the version.
const INDEXES = "CREATE INDEX IF NOT EXISTS tag_members_device ON tag_members (node, device);";

/** Columns that older versions of the tables lack. New tables are only in TABLES. */
const ADDED: readonly (readonly [table: string, column: string, type: string])[] = [
  ["mail", "first_ack_alias", "TEXT"],
  ["mail", "fingerprint", "INTEGER"],
  ["mail", "hold", "TEXT"],
  ["registrations", "generation", "INTEGER NOT NULL DEFAULT 0"],
  ["registrations", "encryption_key", "TEXT"],
  ["device_tags", "generation", "INTEGER NOT NULL DEFAULT 0"],
  ["device_tags", "epoch", "INTEGER NOT NULL DEFAULT 0"],
  ["device_aliases", "generation", "INTEGER NOT NULL DEFAULT 0"],
  ["registrations", "standing", "TEXT"],
  ["registrations", "sealing", "TEXT"],
  ["registrations", "delivery", "TEXT"],
  ["device_tags", "by_server", "INTEGER NOT NULL DEFAULT 0"],
  ["tag_members", "epoch", "INTEGER NOT NULL DEFAULT 0"],
  ["tag_members", "generation", "INTEGER"],
  ["keys", "scopes", "TEXT"],
  ["keys", "expires_at", "INTEGER"],
  ["keys", "last_used_at", "INTEGER"],
  ["mail", "options", "TEXT"],
  ["app_quotas", "queue_seconds", "INTEGER"],
];

/** The statements that bring existing tables up to date with TABLES. */
function upgradeOf(db: DatabaseSync): string {
  const lacking = ADDED.filter(([table, column]) => {
    const columns = db.prepare("SELECT name FROM pragma_table_info(?)").all(table);
    return columns.length > 0 && !columns.some(({ name }) => name === column);
  });
  return lacking
    .map(([table, column, type]) => `ALTER TABLE ${table} ADD COLUMN ${column} ${type};`)
    .join(" ");
}

/**
 * Creates the tables, and brings older ones up to date, in one transaction.
 *
 * @throws Error of SQLite
 */
export function prepareTables(db: DatabaseSync): void {
  // 0 in an empty file.
  const from = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (from >= TABLES_VERSION) {
    db.exec(INDEXES);
    return;
  }
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(`${upgradeOf(db)} ${TABLES} ${INDEXES} PRAGMA user_version = ${TABLES_VERSION};`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
