/** The object that lists the tags of one app: named by the base64url of the app's 8 bytes. */
import { DurableObject } from "cloudflare:workers";
import { writeTags } from "../core/move/directory.ts";
import {
  TagDirectory,
  type TagPage,
  type TagQuery,
  type TagReport,
} from "../core/tag/directory.ts";
import type { TagLine } from "../schema/export.ts";
import type { TagDirectoryImportRpc, TagDirectoryRpc } from "./interfaces/rpc.ts";
import { SqlTagDirectoryStore } from "./tag-directory-store.ts";

export class TagDirectoryObject
  extends DurableObject
  implements TagDirectoryRpc, TagDirectoryImportRpc
{
  readonly #store: SqlTagDirectoryStore;
  readonly #directory: TagDirectory;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    if (state.id.name === undefined)
      throw new Error("TagDirectoryObject must be addressed by name");
    this.#store = new SqlTagDirectoryStore(state.storage.sql);
    this.#directory = new TagDirectory({ store: this.#store });
  }

  async report(report: TagReport): Promise<void> {
    this.#directory.report(report);
  }

  async list(query: TagQuery): Promise<TagPage | null> {
    return this.#directory.list(query);
  }

  async write(lines: readonly TagLine[]): Promise<void> {
    writeTags(this.#store, lines);
  }
}
