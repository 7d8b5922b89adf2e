/** The store of an app's tag directory and signed changes, in the shared database. */
import { TagDirectoryRows } from "../../../objects/storage/tag-directory-store.ts";
import type { Database } from "./database.ts";
import { SharedTables } from "./shared-tables.ts";

export class SharedTagDirectoryStore extends TagDirectoryRows<SharedTables> {
  /**
   * @param app base64url of the app's 8 bytes
   * @param writer of the object
   */
  constructor(db: Database, app: string, writer: Pick<Database, "run"> = db) {
    super(new SharedTables(db, app, writer));
  }
}
