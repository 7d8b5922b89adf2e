/** The tables of a mesh in one process. docs/storage.md describes them beside those of the Workers objects. */

/** Their version: `user_version` of the database. A change that an older program could not work with raises it. */
export const TABLES_VERSION = 1;

// mail has a rowid: without one its rows are in the order of devices, so that each insert rewrites a page of its own, and
// a message of 1 KB takes an overflow page. Measured at 64 writes a commit over 1,000 devices: 13.0 against 6.7 µs for an
// insert of 100 bytes, 39.1 against 7.3 for 1,000, and half the log and less.
export const TABLES = `
  PRAGMA user_version = ${TABLES_VERSION};
  CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, link TEXT);
  CREATE TABLE IF NOT EXISTS registrations (
    device INTEGER, slot INTEGER, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
    outcomes TEXT, PRIMARY KEY (device, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mail (
    device INTEGER, seq INTEGER, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (device, seq));
  CREATE TABLE IF NOT EXISTS alarms (device INTEGER PRIMARY KEY, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS alarms_at ON alarms (at);
  CREATE TABLE IF NOT EXISTS apps (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, keys_made INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS keys (
    app_id TEXT, n INTEGER, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, n)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS directory (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
`;
