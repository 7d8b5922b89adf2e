/** An alias's port on the database that all objects share. */
import { AliasRows } from "../../../objects/storage/alias-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";
import { Writer } from "./writer.ts";

export class SharedAliasStore extends AliasRows<SharedTables> {
  /**
   * @param name of the alias's object
   * @param writer by which it writes
   */
  constructor(db: Database, name: string, writer = new Writer(db)) {
    super(new SharedTables(db, name, writer));
  }

  get exists(): boolean {
    return this.read() !== null;
  }
}
