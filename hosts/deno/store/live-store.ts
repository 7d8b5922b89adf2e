/**
 * The store of a live node, in the shared database. It needs no writer of its own: if a row is not stored, the node keeps its state in
 * memory, and its root sends again what is missing.
 */
import { LiveRows } from "../../../objects/storage/live-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";

export class SharedLiveStore extends LiveRows<SharedTables> {
  /** @param name of the live node's object */
  constructor(db: Database, name: string) {
    super(new SharedTables(db, name));
  }

  get exists(): boolean {
    return this.read() !== null;
  }
}
