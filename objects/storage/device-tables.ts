/** The tables of a device's database. They are made with its first account, and upgraded by the first write that needs it. */
import { OwnTables, tablesIn } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import type { Statement } from "./table.ts";

// Each table has one b-tree, because a secondary index would write a second row for every message.
const OWN = {
  state: "(id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
  registrations: `(
    slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
    generation INTEGER NOT NULL DEFAULT 0, standing TEXT, sealing TEXT, delivery TEXT)`,
  outcomes: "(slot INTEGER PRIMARY KEY, log TEXT NOT NULL)",
  mail: `(
    seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, first_ack_alias TEXT, content_type INTEGER NOT NULL,
    data BLOB NOT NULL, fingerprint INTEGER, options TEXT, hold TEXT)`,
  tags: `(
    ref INTEGER PRIMARY KEY, slot INTEGER NOT NULL, tag TEXT NOT NULL, path TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, by_server INTEGER NOT NULL DEFAULT 0)`,
  aliases: `(
    slot INTEGER, alias TEXT, shared INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (slot, alias)) WITHOUT ROWID`,
  attributes: "(slot INTEGER PRIMARY KEY, value TEXT NOT NULL)",
};

/** Made by the first message that is traced. Without a rowid, so that a row is in one b-tree. */
const TIMELINES = {
  timelines: `(
    seq INTEGER, source TEXT, slot INTEGER NOT NULL, key TEXT NOT NULL, ended_at INTEGER, events TEXT NOT NULL,
    options TEXT,     PRIMARY KEY (seq, source)) WITHOUT ROWID`,
};

/** Made by the first message whose end is told to a webhook. */
const RECEIPTS = { receipts: "(n INTEGER PRIMARY KEY, app TEXT NOT NULL, events TEXT NOT NULL)" };

/** Adds what the tables of a version lack, except for tables that it does not have at all. */
const UPGRADES = {
  first: `
    ALTER TABLE mail ADD COLUMN first_ack_alias TEXT;
    ALTER TABLE mail ADD COLUMN fingerprint INTEGER;
    ALTER TABLE registrations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE registrations ADD COLUMN standing TEXT;
    ALTER TABLE registrations ADD COLUMN sealing TEXT;
    ALTER TABLE mail ADD COLUMN options TEXT;
    ALTER TABLE mail ADD COLUMN hold TEXT;
    ALTER TABLE registrations ADD COLUMN delivery TEXT;`,
  second: `
    ALTER TABLE mail ADD COLUMN fingerprint INTEGER;
    ALTER TABLE registrations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tags ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tags ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE aliases ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE registrations ADD COLUMN standing TEXT;
    ALTER TABLE registrations ADD COLUMN sealing TEXT;
    ALTER TABLE tags ADD COLUMN by_server INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE mail ADD COLUMN options TEXT;
    ALTER TABLE mail ADD COLUMN hold TEXT;
    ALTER TABLE registrations ADD COLUMN delivery TEXT;`,
  third: `
    ALTER TABLE registrations ADD COLUMN standing TEXT;
    ALTER TABLE registrations ADD COLUMN sealing TEXT;
    ALTER TABLE tags ADD COLUMN by_server INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE mail ADD COLUMN options TEXT;
    ALTER TABLE mail ADD COLUMN hold TEXT;
    ALTER TABLE registrations ADD COLUMN delivery TEXT;`,
  fourth: `
    ALTER TABLE registrations ADD COLUMN sealing TEXT;
    ALTER TABLE mail ADD COLUMN options TEXT;
    ALTER TABLE mail ADD COLUMN hold TEXT;
    ALTER TABLE registrations ADD COLUMN delivery TEXT;`,
  fifth: `
    ALTER TABLE mail ADD COLUMN options TEXT;
    ALTER TABLE mail ADD COLUMN hold TEXT;
    ALTER TABLE registrations ADD COLUMN delivery TEXT;`,
} as const;

/** What is read instead of the columns that a version lacks. */
const LACKING = {
  first: {
    ...{ first_ack_alias: "NULL", fingerprint: "NULL", generation: "0" },
    ...{ standing: "NULL", sealing: "NULL", options: "NULL", hold: "NULL", delivery: "NULL" },
  },
  second: {
    ...{ fingerprint: "NULL", generation: "0", epoch: "0", standing: "NULL", sealing: "NULL" },
    ...{ by_server: "0", options: "NULL", hold: "NULL", delivery: "NULL" },
  },
  third: {
    standing: "NULL",
    sealing: "NULL",
    by_server: "0",
    options: "NULL",
    hold: "NULL",
    delivery: "NULL",
  },
  fourth: { sealing: "NULL", options: "NULL", hold: "NULL", delivery: "NULL" },
  fifth: { options: "NULL", hold: "NULL", delivery: "NULL" },
} as const;

/** Tables that the first version did not have. */
const SINCE_SECOND = ["tags", "aliases", "attributes"];

type Older = keyof typeof UPGRADES;

/** The first version had no tags, the second no epochs, the third no grants, the fourth no keys, the fifth no options of mail; null for the current version, and if there are no tables. */
function olderOf(found: ReadonlyMap<string, string>): Older | null {
  const tags = found.get("tags");
  if (tags === undefined) return found.size === 0 ? null : "first";
  if (!tags.includes("epoch")) return "second";
  if (!tags.includes("by_server")) return "third";
  if (!found.get("registrations")?.includes("sealing")) return "fourth";
  return found.get("registrations")?.includes("delivery") ? null : "fifth";
}

export class DeviceTables extends OwnTables {
  /** An older database is read as it is. */
  #older: Older | null;

  constructor(sql: Sql) {
    const found = tablesIn(sql, [
      "state",
      "tags",
      "registrations",
      "mail",
      "timelines",
      "receipts",
    ]);
    super(sql, [OWN, TIMELINES, RECEIPTS], {}, found);
    this.#older = olderOf(found);
  }

  override drop(): void {
    super.drop();
    this.#older = null;
  }

  /** Makes what is missing. */
  make(): void {
    if (this.exist && this.#older === null) return;
    if (this.#older !== null) this.sql.exec(UPGRADES[this.#older]);
    this.create(OWN);
    this.#older = null;
  }

  protected override prepare(statement: Statement): void {
    if (Object.hasOwn(OWN, statement.table.ownName)) this.make();
    else super.prepare(statement);
  }

  protected override textOf(statement: Statement): string | null {
    const text = super.textOf(statement);
    if (text === null || this.#older === null) return text;
    if (this.#older === "first" && SINCE_SECOND.includes(statement.table.ownName)) return null;
    return statement.ownLacking(LACKING[this.#older]);
  }
}
