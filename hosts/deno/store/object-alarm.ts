/** The alarm of an object with rows of its own ID, in a table of alarms. */
import type { ObjectWriter } from "./object-writer.ts";

export class ObjectAlarm {
  readonly #writer: ObjectWriter;
  readonly #set: string;
  readonly #delete: string;
  #at: number | null;

  /**
   * @param table has a row for each object with an alarm
   * @param column has the object's ID
   * @param at as stored, milliseconds since 1970; null if none is set
   */
  constructor(writer: ObjectWriter, table: string, column: string, at: number | null) {
    this.#writer = writer;
    this.#set = `INSERT INTO ${table} (${column}, at) VALUES (?, ?) ON CONFLICT (${column}) DO UPDATE SET at = excluded.at`;
    this.#delete = `DELETE FROM ${table} WHERE ${column} = ?`;
    this.#at = at;
  }

  get at(): number | null {
    return this.#at;
  }

  set(id: number | null, at: number): void {
    this.#writer.run(this.#set, id, at);
    this.#at = at;
  }

  clear(id: number | null): void {
    // A stale alarm fires once and does nothing.
    this.#writer.defer(this.#delete, id);
    this.#at = null;
  }

  /** With the object's other rows. */
  erase(id: number | null): void {
    this.#writer.run(this.#delete, id);
    this.#at = null;
  }
}
