/** The tags of one app, and its signed changes, in the shared database. */
import { TagDirectoryRows } from "../../../objects/storage/tag-directory-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";

export class SharedTagDirectoryStore extends TagDirectoryRows<SharedTables> {
  /**
   * @param app base64url of the app's 8 bytes
   * @param writer by which it writes
   */
  constructor(db: Database, app: string, writer: Pick<Database, "run"> = db) {
    super(new SharedTables(db, app, writer));
  }
}
