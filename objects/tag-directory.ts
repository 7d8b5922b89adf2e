/** An object that lists tags of one app: named as core/tag/directory/directory-shards.ts says. */
import { DurableObject } from "cloudflare:workers";
import { type BeginAnswer, type SignedChange, SignedChanges } from "../core/app/changes.ts";
import { Claims } from "../core/app/claims.ts";
import { writeDirectory } from "../core/move/directory.ts";
import {
  TagDirectory,
  type TagPage,
  type TagQuery,
  type TagReport,
} from "../core/tag/directory/directory.ts";
import { reportToShard } from "../core/tag/directory/directory-shards.ts";
import type { DirectoryLine } from "../schema/export.ts";
import { callObject } from "./call.ts";
import { openRows } from "./durable/runtime.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import type { TagDirectoryImportRpc, TagDirectoryRpc } from "./interfaces/rpc.ts";
import { Memory } from "./memory.ts";
import { SqlTagDirectoryStore } from "./storage/tag-directory-store.ts";

interface DirectoryEnv {
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc>;
}

export class TagDirectoryObject
  extends DurableObject<DirectoryEnv>
  implements TagDirectoryRpc, TagDirectoryImportRpc
{
  readonly #name: string;
  /** Base64url of the app's 8 bytes: the name of the first of its directory's objects. */
  readonly #app: string;
  readonly #memory: Memory<
    SqlTagDirectoryStore,
    {
      readonly store: SqlTagDirectoryStore;
      readonly directory: TagDirectory;
      readonly changes: SignedChanges;
    }
  >;
  readonly #claims = new Claims();

  constructor(state: DurableObjectState, env: DirectoryEnv) {
    super(state, env);
    if (state.id.name === undefined)
      throw new Error("TagDirectoryObject must be addressed by name");
    this.#name = state.id.name;
    this.#app = this.#name.split(".")[0] ?? "";
    const open = () => openRows(state, (rows) => new SqlTagDirectoryStore(rows));
    this.#memory = new Memory({ open }, ({ store }) => {
      return { store, directory: new TagDirectory({ store }), changes: new SignedChanges(store) };
    });
  }

  async report(report: TagReport): Promise<void> {
    const first = (gone: TagReport) =>
      callObject(() => this.env.TAG_DIRECTORIES.getByName(this.#app).report(gone));
    const isFirst = this.#name === this.#app;
    await this.#memory.call(({ store }) => reportToShard(store, report, isFirst ? null : first));
  }

  async list(query: TagQuery): Promise<TagPage | null> {
    return this.#memory.run(({ directory }) => directory.list(query));
  }

  async begin(change: SignedChange): Promise<BeginAnswer> {
    return this.#memory.run(({ changes }) => changes.begin(change));
  }

  async claim(key: string, request: string): Promise<boolean> {
    return this.#claims.claim(key, request, Date.now());
  }

  async release(key: string, request: string): Promise<void> {
    this.#claims.release(key, request);
  }

  async write(lines: readonly DirectoryLine[]): Promise<void> {
    this.#memory.run(({ store }) => writeDirectory(store, lines));
  }
}
