/** What the stores use of an object's SQLite: the runtime's own storage, or a file of it that a host opens by itself. */

export type SqlValue = string | number | Uint8Array | null;

export interface Sql {
  /** Runs one statement. */
  exec<Row extends Record<string, string | number | ArrayBuffer | null>>(
    query: string,
    ...values: SqlValue[]
  ): { toArray(): Row[]; readonly rowsWritten: number };
}
