/** The tables of an object with a database of its own. The first row put makes them, and they are dropped as a whole. */
import type { Sql, SqlValue } from "./sql.ts";
import type { ObjectTables, Statement } from "./table.ts";

/** Tables that are made together: what follows the name of each in `CREATE TABLE`. */
export type TableGroup = Readonly<Record<string, string>>;

/**
 * Columns that a table of an older version lacks, by table and name: their type. They are null in older rows, and are added by the first
 * write that follows.
 */
export type AddedColumns = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The `CREATE TABLE` statements of those of these tables that exist, by name. */
export function tablesIn(sql: Sql, names: readonly string[]): ReadonlyMap<string, string> {
  const rows = sql.exec<{ name: string; sql: string }>(
    `SELECT name, sql FROM sqlite_master WHERE name IN (${names.map((name) => `'${name}'`).join(", ")})`,
  );
  return new Map(rows.toArray().map((row) => [row.name, row.sql]));
}

/** The table that tells whether its group exists. */
const firstOf = (group: TableGroup): string => Object.keys(group)[0] ?? "";

export class OwnTables implements ObjectTables {
  protected readonly sql: Sql;
  readonly #groups: readonly TableGroup[];
  /** The groups that exist. An object that never stored anything has no tables, and reading makes none. */
  readonly #there: Set<TableGroup>;
  readonly #added: AddedColumns;
  /** By table: what is read instead of each column that it lacks. */
  readonly #lacking = new Map<string, Readonly<Record<string, "NULL">>>();

  /** @param found the answer of `tablesIn` for at least the first table of each group, and those of `added` */
  constructor(
    sql: Sql,
    groups: readonly TableGroup[],
    added: AddedColumns = {},
    found = tablesIn(sql, [...groups.map(firstOf), ...Object.keys(added)]),
  ) {
    this.sql = sql;
    this.#groups = groups;
    this.#added = added;
    this.#there = new Set(groups.filter((group) => found.has(firstOf(group))));
    for (const [table, columns] of Object.entries(added)) {
      const text = found.get(table);
      const names = Object.keys(columns).filter((name) => text?.includes(name) === false);
      const lacking = Object.fromEntries(names.map((name) => [name, "NULL" as const]));
      if (names.length > 0) this.#lacking.set(table, lacking);
    }
  }

  /** Whether there is anything to read. */
  get exist(): boolean {
    return this.#there.size > 0;
  }

  all<Row>(statement: Statement, ...values: SqlValue[]): Row[] {
    const text = this.textOf(statement);
    return text === null ? [] : (this.sql.exec(text, ...values).toArray() as Row[]);
  }

  get<Row>(statement: Statement, ...values: SqlValue[]): Row | undefined {
    return this.all<Row>(statement, ...values)[0];
  }

  run(statement: Statement, ...values: SqlValue[]): boolean {
    if (statement.kind !== "read") this.#upgrade(statement);
    if (statement.kind === "put") this.prepare(statement);
    const text = this.textOf(statement);
    return text !== null && this.sql.exec(text, ...values).rowsWritten > 0;
  }

  /** Writes at once: it costs the same row, and the runtime commits it with the other writes of the turn. */
  defer(statement: Statement, ...values: SqlValue[]): void {
    this.run(statement, ...values);
  }

  erase(deletes: readonly Statement[]): void {
    for (const statement of deletes) {
      const group = this.#groupOf(statement);
      // Before it is dropped, so that the next put makes it again, whether the drop succeeds or not.
      if (group !== undefined) this.#there.delete(group);
      this.#lacking.delete(statement.table.ownName);
      this.sql.exec(`DROP TABLE IF EXISTS ${statement.table.ownName}`);
    }
  }

  /** Drops all tables. The object itself frees what the database still takes on disk. */
  drop(): void {
    this.#there.clear();
    this.#lacking.clear();
    for (const name of this.#groups.flatMap(Object.keys))
      this.sql.exec(`DROP TABLE IF EXISTS ${name}`);
  }

  /** Makes the tables that a statement needs to put a row. */
  protected prepare(statement: Statement): void {
    const group = this.#groupOf(statement);
    if (group !== undefined && !this.#there.has(group)) this.create(group);
  }

  protected create(group: TableGroup): void {
    const made = Object.entries(group).map(
      ([name, columns]) => `CREATE TABLE IF NOT EXISTS ${name} ${columns};`,
    );
    this.sql.exec(made.join(" "));
    this.#there.add(group);
  }

  /** Null if the table does not exist. */
  protected textOf(statement: Statement): string | null {
    const group = this.#groupOf(statement);
    if (group === undefined || !this.#there.has(group)) return null;
    const lacking = this.#lacking.get(statement.table.ownName);
    return lacking === undefined ? statement.own : statement.ownLacking(lacking);
  }

  #upgrade({ table: { ownName } }: Statement): void {
    const lacking = this.#lacking.get(ownName);
    if (lacking === undefined) return;
    for (const column of Object.keys(lacking)) {
      this.sql.exec(
        `ALTER TABLE ${ownName} ADD COLUMN ${column} ${this.#added[ownName]?.[column]}`,
      );
    }
    this.#lacking.delete(ownName);
  }

  #groupOf({ table }: Statement): TableGroup | undefined {
    return this.#groups.find((group) => table.ownName in group);
  }
}
