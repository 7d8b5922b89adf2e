/** The tags of one app and its signed changes, in the process that holds all objects: answered when what was told is on disk. */
import { type BeginAnswer, type SignedChange, SignedChanges } from "../../../core/app/changes.ts";
import { Claims } from "../../../core/app/claims.ts";
import {
  TagDirectory,
  type TagPage,
  type TagQuery,
  type TagReport,
} from "../../../core/tag/directory/directory.ts";
import type { TagDirectoryRpc } from "../../../objects/interfaces/rpc.ts";
import type { Database } from "../store/database.ts";
import { SharedTagDirectoryStore } from "../store/tag-directory-store.ts";

export class TagDirectoryHost implements TagDirectoryRpc {
  readonly #db: Database;
  readonly #directory: TagDirectory;
  readonly #store: SharedTagDirectoryStore;
  #changes: SignedChanges;
  readonly #claims = new Claims();

  /** @param app base64url of the app's 8 bytes */
  constructor(db: Database, app: string) {
    this.#db = db;
    this.#store = new SharedTagDirectoryStore(db, app);
    this.#directory = new TagDirectory({ store: this.#store });
    this.#changes = new SignedChanges(this.#store);
  }

  async claim(key: string, request: string): Promise<boolean> {
    return this.#claims.claim(key, request, Date.now());
  }

  async release(key: string, request: string): Promise<void> {
    this.#claims.release(key, request);
  }

  async begin(change: SignedChange): Promise<BeginAnswer> {
    try {
      const answer = this.#changes.begin(change);
      await this.#db.committed();
      return answer;
    } catch (error) {
      // What it remembers is not on disk: a change that comes again would be taken for a copy.
      this.#changes = new SignedChanges(this.#store);
      throw error;
    }
  }

  async report(report: TagReport): Promise<void> {
    this.#directory.report(report);
    await this.#db.committed();
  }

  async list(query: TagQuery): Promise<TagPage | null> {
    return this.#directory.list(query);
  }
}
