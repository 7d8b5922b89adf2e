/** Accesses the rows of one object in the tables that all objects share. */
import type { SqlValue } from "../../../objects/storage/sql.ts";
import type { ObjectTables, Statement } from "../../../objects/storage/table.ts";
import type { Database } from "./database.ts";

/** The database, or an `ObjectWriter` if the object has to know whether its rows are stored. */
interface Writing {
  /** @returns how many rows were changed */
  run(sql: string, ...values: SqlValue[]): number;
}

export class SharedTables implements ObjectTables {
  protected readonly db: Database;
  readonly #writer: Writing;
  /** The value of the object column; null while the object has no rows. */
  scope: SqlValue;

  constructor(db: Database, scope: SqlValue = null, writer: Writing = db) {
    this.db = db;
    this.#writer = writer;
    this.scope = scope;
  }

  all<Row>(statement: Statement, ...values: SqlValue[]): Row[] {
    const rows = this.db.all<Row>(statement.shared, ...this.scoped(statement, values));
    if (statement.quoted.length > 0) for (const row of rows) unquote(row, statement);
    return rows;
  }

  get<Row>(statement: Statement, ...values: SqlValue[]): Row | undefined {
    const row = this.db.get<Row>(statement.shared, ...this.scoped(statement, values));
    if (row !== undefined && statement.quoted.length > 0) unquote(row, statement);
    return row;
  }

  run(statement: Statement, ...values: SqlValue[]): boolean {
    return this.#writer.run(statement.shared, ...this.scoped(statement, values)) > 0;
  }

  /** Writes at once; `TagTables` overrides this. */
  defer(statement: Statement, ...values: SqlValue[]): void {
    this.run(statement, ...values);
  }

  erase(deletes: readonly Statement[]): void {
    for (const statement of deletes) this.run(statement);
  }

  /** The values of a statement, including the scope. */
  protected scoped(statement: Statement, values: SqlValue[]): SqlValue[] {
    const { scopeAt } = statement;
    if (scopeAt === null) return values;
    const scope = this.scopeOf(statement);
    return scopeAt === 0 ? [scope, ...values] : values.toSpliced(scopeAt, 0, scope);
  }

  protected scopeOf(_: Statement): SqlValue {
    return this.scope;
  }
}

/** Parses the fields that are JSON, in place. */
function unquote(row: unknown, { quoted }: Statement): void {
  const fields = row as Record<string, string>;
  for (const field of quoted) fields[field] = JSON.parse(fields[field] ?? "null");
}
