/** The object that lists tags of one app. core/tag/directory/directory-shards.ts names it. */
import {
  type BeginAnswer,
  type ChangeStore,
  type SignedChange,
  SignedChanges,
} from "../../core/app/changes.ts";
import { BroadcastClaims } from "../../core/app/claims.ts";
import { writeDirectory } from "../../core/move/directory.ts";
import {
  TagDirectory,
  type TagDirectoryStore,
  type TagPage,
  type TagQuery,
  type TagReport,
} from "../../core/tag/directory/directory.ts";
import { reportToShard } from "../../core/tag/directory/directory-shards.ts";
import type { DirectoryLine } from "../../schema/export.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { TagDirectoryImportRpc, TagDirectoryRpc } from "../interfaces/rpc.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime } from "../runtime.ts";

type Store = TagDirectoryStore & ChangeStore;

interface Loaded {
  readonly store: Store;
  readonly directory: TagDirectory;
  readonly changes: SignedChanges;
}

export class TagDirectoryShell implements TagDirectoryRpc, TagDirectoryImportRpc {
  readonly #runtime: ObjectRuntime<Store>;
  /** Reports to the first of the app's directory objects; null if this is the first. */
  readonly #first: ((report: TagReport) => Promise<void>) | null;
  readonly #memory: Memory<Store, Loaded>;
  readonly #claims = new BroadcastClaims();

  constructor(runtime: ObjectRuntime<Store>, peers: Pick<Peers, "tagDirectory">) {
    this.#runtime = runtime;
    // Base64url of the app's 8 bytes.
    const [first = ""] = runtime.name.split(".");
    this.#first =
      runtime.name === first ? null : (report) => peers.tagDirectory(first).report(report);
    this.#memory = new Memory(runtime, ({ store }) => ({
      store,
      directory: new TagDirectory({ store }),
      changes: new SignedChanges(store),
    }));
  }

  report(report: TagReport): Promise<void> {
    return this.#memory.call(({ store }) => reportToShard(store, report, this.#first));
  }

  list(query: TagQuery): Promise<TagPage | null> {
    return this.#memory.answer(({ directory }) => directory.list(query));
  }

  begin(change: SignedChange): Promise<BeginAnswer> {
    return this.#memory.answer(({ changes }) => changes.begin(change));
  }

  async claim(key: string, request: string): Promise<boolean> {
    return this.#claims.claim(key, request, this.#runtime.now());
  }

  async release(key: string, request: string): Promise<void> {
    this.#claims.release(key, request);
  }

  write(lines: readonly DirectoryLine[]): Promise<void> {
    return this.#memory.answer(({ store }) => writeDirectory(store, lines));
  }
}
