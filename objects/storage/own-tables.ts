/** The tables of an object that has a database of its own: made by the first row that is put, and dropped as a whole. */
import type { Sql, SqlValue } from "./sql.ts";
import type { ObjectTables, Statement } from "./table.ts";

/** Tables that are made together: what is behind the name of each in `CREATE TABLE`. */
export type TableGroup = Readonly<Record<string, string>>;

/** How those of these tables were made that there are, by name. */
export function tablesIn(sql: Sql, names: readonly string[]): ReadonlyMap<string, string> {
  const rows = sql.exec<{ name: string; sql: string }>(
    `SELECT name, sql FROM sqlite_master WHERE name IN (${names.map((name) => `'${name}'`).join(", ")})`,
  );
  return new Map(rows.toArray().map((row) => [row.name, row.sql]));
}

/** The table of a group that says whether there is the group. */
const firstOf = (group: TableGroup): string => Object.keys(group)[0] ?? "";

export class OwnTables implements ObjectTables {
  protected readonly sql: Sql;
  readonly #groups: readonly TableGroup[];
  /** An object that nothing was ever stored of has no tables, and being asked makes none. */
  readonly #there: Set<TableGroup>;

  /** @param found what `tablesIn` says of the first table of each group at least */
  constructor(sql: Sql, groups: readonly TableGroup[], found = tablesIn(sql, groups.map(firstOf))) {
    this.sql = sql;
    this.#groups = groups;
    this.#there = new Set(groups.filter((group) => found.has(firstOf(group))));
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
    if (statement.kind === "put") this.prepare(statement);
    const text = this.textOf(statement);
    return text !== null && this.sql.exec(text, ...values).rowsWritten > 0;
  }

  /** At once: it costs the same row, and the runtime commits it with the others of the turn. */
  defer(statement: Statement, ...values: SqlValue[]): void {
    this.run(statement, ...values);
  }

  erase(deletes: readonly Statement[]): void {
    for (const statement of deletes) {
      const group = this.#groupOf(statement);
      // Before it is dropped: a table that could not be is made again, and one that was has to be.
      if (group !== undefined) this.#there.delete(group);
      this.sql.exec(`DROP TABLE IF EXISTS ${statement.table.ownName}`);
    }
  }

  /** Drops all tables; what the database still takes on disk is the object's own to free. */
  drop(): void {
    this.#there.clear();
    for (const name of this.#groups.flatMap(Object.keys))
      this.sql.exec(`DROP TABLE IF EXISTS ${name}`);
  }

  /** Makes what a statement needs that puts a row. */
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

  /** Null where the table is not there. */
  protected textOf(statement: Statement): string | null {
    const group = this.#groupOf(statement);
    return group !== undefined && this.#there.has(group) ? statement.own : null;
  }

  #groupOf({ table }: Statement): TableGroup | undefined {
    return this.#groups.find((group) => table.ownName in group);
  }
}
