/** An alias's port on the database that all objects share. */
import { AliasRows } from "../../../objects/storage/alias-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";
import { Writer } from "./writer.ts";

export class SharedAliasStore extends AliasRows<SharedTables> {
  readonly writer: Writer;

  /** @param name of the alias's object */
  constructor(db: Database, name: string) {
    const writer = new Writer(db);
    super(new SharedTables(db, name, writer));
    this.writer = writer;
  }
}
