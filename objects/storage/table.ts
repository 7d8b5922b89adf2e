/**
 * The tables of the stores and their statements, written once for both layouts: an object with a database of its own has a table to itself;
 * in the database that all objects of a process share, a column says whose a row is.
 */
import type { SqlValue } from "./sql.ts";

/** A table in one kind of database. */
export interface Layout {
  readonly name: string;
  /** The column that says whose a row is; absent if the table belongs to one object. */
  readonly scope?: string;
  /** SQL of its value if that is the same for every object; then statements take no value for it. */
  readonly constant?: string;
  /** Columns that have a different name here. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export interface TableSpec {
  readonly own: Layout;
  readonly shared: Layout;
  /** Columns with text chosen by an app, which may contain a NUL: see `Statement.quoted`. */
  readonly names?: readonly string[];
}

/** A statement in both layouts. Its texts are made once, when the module loads, because both hosts keep prepared statements by their text. */
export interface Statement {
  readonly table: Table;
  readonly kind: "read" | "put" | "change";
  readonly own: string;
  readonly shared: string;
  /** How many values of `shared` come before the value of the scope; null if it takes none. */
  readonly scopeAt: number | null;
  /** Fields that `shared` reads as JSON: Deno's node:sqlite (2.9) ends a text at its first NUL. */
  readonly quoted: readonly string[];
  /** `own` for tables of an older version, given the SQL to read instead of each missing column. */
  readonly ownLacking: (columns: Readonly<Record<string, string>>) => string;
}

/** The tables of one object, in either layout. */
export interface ObjectTables {
  all<Row>(statement: Statement, ...values: SqlValue[]): Row[];
  /** The first row. */
  get<Row>(statement: Statement, ...values: SqlValue[]): Row | undefined;
  /**
   * Writes; a `put` makes missing tables.
   *
   * @returns whether a row was changed
   */
  run(statement: Statement, ...values: SqlValue[]): boolean;
  /** Writes, perhaps later: the row may be lost in a kill, unless a later write survived. */
  defer(statement: Statement, ...values: SqlValue[]): void;
  /** Deletes all rows of the object. @param deletes one statement for each table */
  erase(deletes: readonly Statement[]): void;
}

/** A text, or one for each layout. */
type Either<Text> = Text | { readonly own: Text; readonly shared: Text };

const either = <Text>(value: Either<Text>): { readonly own: Text; readonly shared: Text } =>
  typeof value === "object" && value !== null && "own" in value
    ? value
    : { own: value, shared: value };

interface SelectOptions {
  /** Conditions on the object's rows, joined by AND. */
  readonly where?: string;
  /** From ORDER BY on. */
  readonly tail?: Either<string>;
}

const equal = (columns: readonly string[]): string[] => columns.map((column) => `${column} = ?`);

function whereOf({ scope, constant = "?" }: Layout, ...conditions: string[]): string {
  const all = [...(scope === undefined ? [] : [`${scope} = ${constant}`]), ...conditions];
  return all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`;
}

export class Table {
  readonly #spec: TableSpec;

  constructor(spec: TableSpec) {
    this.#spec = spec;
  }

  /** Its name in an object's own database. */
  get ownName(): string {
    return this.#spec.own.name;
  }

  /** @param columns each may be an expression `AS` the name of a field */
  select(columns: readonly string[], { where, tail = "" }: SelectOptions = {}): Statement {
    const { own, shared, names = [] } = this.#spec;
    const parts = columns.map((column) => {
      const [expression = column, field = expression] = column.split(" AS ");
      return { expression, field };
    });
    const textOf = (layout: Layout, tail: string, read: (expression: string) => string) => {
      const list = parts.map(({ expression, field }) => {
        const text = read(expression);
        return text === field ? text : `${text} AS ${field}`;
      });
      const condition = whereOf(layout, ...(where === undefined ? [] : [where]));
      return `SELECT ${list.join(", ")} FROM ${layout.name}${condition} ${tail}`.trimEnd();
    };
    const tails = either(tail);
    const ownLacking = (lacking: Readonly<Record<string, string>>) =>
      textOf(own, tails.own, (name) => lacking[name] ?? own.renamed?.[name] ?? name);
    const sharedText = (name: string) =>
      names.includes(name) ? `json_quote(${name})` : (shared.renamed?.[name] ?? name);
    return {
      table: this,
      kind: "read",
      own: ownLacking({}),
      shared: textOf(shared, tails.shared, sharedText),
      scopeAt: shared.scope === undefined ? null : 0,
      quoted: parts.filter((part) => names.includes(part.expression)).map(({ field }) => field),
      ownLacking,
    };
  }

  insert(columns: readonly string[]): Statement {
    return this.#write("put", 0, (layout) => insertInto(layout, columns));
  }

  /** Inserts a row, or replaces the one with the same values in the columns of `key`. */
  put(columns: readonly string[], key: Either<readonly string[]>): Statement {
    const keys = either(key);
    const textOf = (layout: Layout, own: readonly string[]) => {
      const nameOf = (column: string) => layout.renamed?.[column] ?? column;
      const conflict = [...(layout.scope === undefined ? [] : [layout.scope]), ...own];
      const sets = columns
        .filter((column) => !own.includes(column))
        .map((column) => `${nameOf(column)} = excluded.${nameOf(column)}`);
      return `${insertInto(layout, columns)} ON CONFLICT (${conflict.join(", ")}) DO UPDATE SET ${sets.join(", ")}`;
    };
    return this.#write("put", 0, (layout) =>
      textOf(layout, layout === this.#spec.own ? keys.own : keys.shared),
    );
  }

  /** Takes the values of `columns`, then those of `key`. */
  update(columns: readonly string[], key: readonly string[]): Statement {
    return this.#write(
      "change",
      columns.length,
      (layout) =>
        `UPDATE ${layout.name} SET ${equal(columns).join(", ")}${whereOf(layout, ...equal(key))}`,
    );
  }

  /** Deletes all rows of the object, or those with these values in the columns of `key`. */
  delete(key: readonly string[] = []): Statement {
    return this.#write(
      "change",
      0,
      (layout) => `DELETE FROM ${layout.name}${whereOf(layout, ...equal(key))}`,
    );
  }

  #write(kind: "put" | "change", scopeAt: number, textOf: (layout: Layout) => string): Statement {
    const { own, shared } = this.#spec;
    const text = textOf(own);
    return {
      table: this,
      kind,
      own: text,
      shared: textOf(shared),
      scopeAt: shared.scope === undefined ? null : scopeAt,
      quoted: [],
      ownLacking: () => text,
    };
  }
}

function insertInto({ name, scope, constant = "?", renamed }: Layout, columns: readonly string[]) {
  const names = columns.map((column) => renamed?.[column] ?? column);
  const scopes = scope === undefined ? [] : [{ name: scope, value: `${constant}` }];
  const all = [...scopes, ...names.map((name) => ({ name, value: "?" }))];
  const values = all.map(({ value }) => value).join(", ");
  return `INSERT INTO ${name} (${all.map(({ name }) => name).join(", ")}) VALUES (${values})`;
}

/** @param value a BLOB of either kind of database */
export const bytesOf = (value: Uint8Array | ArrayBuffer): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array(value);
