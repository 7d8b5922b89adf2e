/** The tables of a device's database: made at its first account, and brought up to date by the first write that needs it. */
import type { Sql } from "./sql.ts";

// Each table has one b-tree: a secondary index would be a second row written for every message.
const TABLES = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS registrations (
    slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
    generation INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS outcomes (slot INTEGER PRIMARY KEY, log TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS mail (
    seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, first_ack_alias TEXT, content_type INTEGER NOT NULL,
    data BLOB NOT NULL, fingerprint INTEGER);
  CREATE TABLE IF NOT EXISTS tags (
    ref INTEGER PRIMARY KEY, slot INTEGER NOT NULL, tag TEXT NOT NULL, path TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS aliases (
    slot INTEGER, alias TEXT, shared INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (slot, alias)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS attributes (slot INTEGER PRIMARY KEY, value TEXT NOT NULL);
`;

const NAMES = ["state", "registrations", "outcomes", "mail", "tags", "aliases", "attributes"];

/** What the tables of a version lack, but for those that it does not have at all. */
const UPGRADES = {
  first: `
    ALTER TABLE mail ADD COLUMN first_ack_alias TEXT;
    ALTER TABLE mail ADD COLUMN fingerprint INTEGER;
    ALTER TABLE registrations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;`,
  second: `
    ALTER TABLE mail ADD COLUMN fingerprint INTEGER;
    ALTER TABLE registrations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tags ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tags ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE aliases ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;`,
} as const;

type Version = "none" | keyof typeof UPGRADES | "current";

/** The first version knew no tags, the second no epochs. */
function versionIn(sql: Sql): Version {
  const found = sql
    .exec<{ name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_master WHERE name IN ('state', 'tags')",
    )
    .toArray();
  const tags = found.find(({ name }) => name === "tags");
  if (tags === undefined) return found.length === 0 ? "none" : "first";
  return tags.sql.includes("epoch") ? "current" : "second";
}

export class DeviceTables {
  readonly #sql: Sql;
  #version: Version;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#version = versionIn(sql);
  }

  /** False for an object that never held an account: being asked makes no tables. */
  get exist(): boolean {
    return this.#version !== "none";
  }

  /** Whether tags, aliases and attributes have theirs: reading an older database does not change it. */
  get knowTags(): boolean {
    return this.#version === "second" || this.areCurrent;
  }

  /** Whether all columns are there. */
  get areCurrent(): boolean {
    return this.#version === "current";
  }

  /** A column that the second version does not have, as something to select. */
  sinceThird(column: "generation" | "epoch" | "fingerprint"): string {
    if (this.areCurrent) return column;
    return column === "fingerprint" ? "NULL AS fingerprint" : `0 AS ${column}`;
  }

  /** Drops all; what the database still takes on disk is the object's own to free. */
  drop(): void {
    for (const table of NAMES) this.#sql.exec(`DROP TABLE IF EXISTS ${table}`);
    this.#version = "none";
  }

  /** Makes what is missing. */
  make(): void {
    if (this.areCurrent) return;
    if (this.#version !== "none" && this.#version !== "current")
      this.#sql.exec(UPGRADES[this.#version]);
    this.#sql.exec(TABLES);
    this.#version = "current";
  }
}
