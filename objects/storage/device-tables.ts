/** The tables of a device's database: made at its first account, and brought up to date by the first write that needs it. */
import type { Sql } from "./sql.ts";

// Each table has one b-tree: a secondary index would be a second row written for every message.
const TABLES = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS registrations (
    slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER);
  CREATE TABLE IF NOT EXISTS outcomes (slot INTEGER PRIMARY KEY, log TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS mail (
    seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, first_ack_alias TEXT, content_type INTEGER NOT NULL,
    data BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS tags (
    ref INTEGER PRIMARY KEY, slot INTEGER NOT NULL, tag TEXT NOT NULL, path TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS aliases (
    slot INTEGER, alias TEXT, shared INTEGER NOT NULL, PRIMARY KEY (slot, alias)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS attributes (slot INTEGER PRIMARY KEY, value TEXT NOT NULL);
`;

/** What the first version's tables lack, beside those of `TABLES` that it has not. */
const UPGRADE = "ALTER TABLE mail ADD COLUMN first_ack_alias TEXT";

/** By how many of the tables `state` and `tags` there are: the first version knew no tags. */
const VERSIONS = ["none", "first", "current"] as const;

export class DeviceTables {
  readonly #sql: Sql;
  #version: (typeof VERSIONS)[number];

  constructor(sql: Sql) {
    this.#sql = sql;
    const found = sql.exec("SELECT 1 FROM sqlite_master WHERE name IN ('state', 'tags')").toArray();
    this.#version = VERSIONS[found.length] ?? "current";
  }

  /** False for an object that never held an account: being asked makes no tables. */
  get exist(): boolean {
    return this.#version !== "none";
  }

  /** Whether tags, aliases and attributes have theirs: reading an older database does not change it. */
  get areCurrent(): boolean {
    return this.#version === "current";
  }

  /** Makes what is missing. */
  make(): void {
    if (this.areCurrent) return;
    if (this.#version === "first") this.#sql.exec(UPGRADE);
    this.#sql.exec(TABLES);
    this.#version = "current";
  }
}
