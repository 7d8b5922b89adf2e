/** The store of a tag's node, in the shared database. */
import type { NodeRecord } from "../../../core/tag/store.ts";
import type { SqlValue } from "../../../objects/storage/sql.ts";
import type { Statement } from "../../../objects/storage/table.ts";
import { LOG, NODE, TagRows } from "../../../objects/storage/tag-store.ts";
import type { AlarmRow } from "./alarm-row.ts";
import type { Database } from "./database.ts";
import { ObjectAlarm } from "./object-alarm.ts";
import { ObjectWriter } from "./object-writer.ts";
import { SharedTables } from "./shared-tables.ts";

/** Rows are keyed by the node's ID; only one contains its name, of up to 200 bytes. */
class TagTables extends SharedTables {
  readonly #name: string;
  readonly #writer: ObjectWriter;

  constructor(db: Database, name: string, id: number | null, writer: ObjectWriter) {
    super(db, id, writer);
    this.#name = name;
    this.#writer = writer;
  }

  /** Deferred writes run before a read, which then sees them in the open transaction. */
  override all<Row>(statement: Statement, ...values: SqlValue[]): Row[] {
    if (statement.table === LOG) this.db.writeDeferred();
    return super.all(statement, ...values);
  }

  override get<Row>(statement: Statement, ...values: SqlValue[]): Row | undefined {
    if (statement.table === LOG) this.db.writeDeferred();
    return super.get(statement, ...values);
  }

  /** A fan-out writes for each node that it has served, which may be lost and so is not worth a sync. */
  override defer(statement: Statement, ...values: SqlValue[]): void {
    this.#writer.defer(statement.shared, ...this.scoped(statement, values));
  }

  protected override scopeOf(statement: Statement): SqlValue {
    return statement.table === NODE ? this.#name : this.scope;
  }
}

export class SharedTagStore extends TagRows<TagTables> implements AlarmRow {
  readonly #db: Database;
  readonly #name: string;
  readonly #alarm: ObjectAlarm;

  /**
   * @param name of the node's object
   * @param writer of the object
   */
  constructor(db: Database, name: string, writer = new ObjectWriter(db)) {
    const row = db.get<{ id: number; at: number | null }>(
      "SELECT id, at FROM tag_nodes LEFT JOIN node_alarms ON node = id WHERE name = ?",
      name,
    );
    super(new TagTables(db, name, row?.id ?? null, writer));
    this.#db = db;
    this.#name = name;
    this.#alarm = new ObjectAlarm(writer, "node_alarms", "node", row?.at ?? null);
  }

  /** The node's ID in the tables; null until it is created. */
  get id(): number | null {
    return this.tables.scope as number | null;
  }

  get exists(): boolean {
    return this.id !== null;
  }

  get alarmAt(): number | null {
    return this.#alarm.at;
  }

  setAlarm(at: number): void {
    this.#alarm.set(this.id, at);
  }

  clearAlarm(): void {
    this.#alarm.clear(this.id);
  }

  override writeNode(record: NodeRecord): void {
    super.writeNode(record);
    this.tables.scope ??=
      this.#db.get<{ id: number }>("SELECT id FROM tag_nodes WHERE name = ?", this.#name)?.id ??
      null;
  }

  override erase(): void {
    this.#alarm.erase(this.id);
    super.erase();
    this.tables.scope = null;
  }
}
