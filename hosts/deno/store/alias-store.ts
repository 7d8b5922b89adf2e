/** The store of an alias, in the shared database. */
import { AliasRows } from "../../../objects/storage/alias-store.ts";
import type { Database } from "./database.ts";
import { ObjectWriter } from "./object-writer.ts";
import { SharedTables } from "./shared-tables.ts";

export class SharedAliasStore extends AliasRows<SharedTables> {
  /**
   * @param name of the alias's object
   * @param writer of the object
   */
  constructor(db: Database, name: string, writer = new ObjectWriter(db)) {
    super(new SharedTables(db, name, writer));
  }

  get exists(): boolean {
    return this.read() !== null;
  }
}
