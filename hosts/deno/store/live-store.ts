/**
 * A live node's port on the database that all objects share. It has no writer: a live node whose row is not stored keeps what it has in
 * memory, and its root owes it what is missing.
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
